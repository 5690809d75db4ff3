import { patched, setDefaultSignalHandler, setHandler, type SignalDefinition } from '@temporalio/workflow';

/** A signal with what is done about it. */
export interface SignalHandler {
  readonly name: string;
  readonly handle: (...args: unknown[]) => void | Promise<void>;
  readonly register: () => void;
}

export const on = <Args extends unknown[]>(
  signal: SignalDefinition<Args>,
  handle: (...args: Args) => void | Promise<void>,
): SignalHandler => ({
  name: signal.name,
  handle: (...args) => handle(...(args as Args)),
  register: () => {
    setHandler(signal, handle);
  },
});

/**
 * Registers handlers of signals whose order matters. What was sent before a run began (to the run before it, which
 * continued as new, or while no worker ran) waits for its handler; registered one by one, the handlers would take these
 * signals in the order of registration: a pause sent after a resume would be undone by it.
 */
export function handleInOrder(handlers: readonly SignalHandler[]): void {
  if (patched('signals-in-order')) {
    const byName = new Map(handlers.map((handler) => [handler.name, handler]));
    setDefaultSignalHandler((name, ...args) => byName.get(name)?.handle(...args));
    setDefaultSignalHandler(undefined);
  }
  for (const { register } of handlers) register();
}
