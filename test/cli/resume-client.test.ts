import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { resumeTrading } from '../../cli/resume-client';

const WORD = { by: 'tester', reason: 'looked at it' };

/** A client whose risk desk answers so, one answer after the other. */
function clientOf(answers: readonly ((updateId: string) => Promise<string>)[]) {
  const asked: string[] = [];
  const executeUpdate = (_: unknown, { updateId }: { readonly updateId: string }): Promise<string> => {
    asked.push(updateId);
    const answer = answers[asked.length - 1];
    return answer === undefined ? Promise.reject(new Error('asked too often')) : answer(updateId);
  };
  const client = { workflow: { getHandle: () => ({ executeUpdate }) } } as unknown as Client;
  return { asked, client };
}

const notFound = (message: string) => () =>
  Promise.reject(new WorkflowNotFoundError(message, 'risk/main', undefined));

describe('a word to resume', () => {
  it('is given anew, under its own name, when the run that took it has ended', async () => {
    const forgotten = (updateId: string) => notFound(`update "${updateId}" not found`)();
    const { asked, client } = clientOf([forgotten, () => Promise.resolve('ACTIVE')]);
    expect(await resumeTrading(client, 'main', WORD)).toBe('ACTIVE');
    expect(new Set(asked).size).toBe(1);
    expect(asked).toHaveLength(2);
  });

  it('is given once where there is no desk', async () => {
    const { asked, client } = clientOf([notFound('workflow not found for ID: risk/main')]);
    await expect(resumeTrading(client, 'main', WORD)).rejects.toThrow(WorkflowNotFoundError);
    expect(asked).toHaveLength(1);
  });
});
