/** A process that cannot compare yet is asked again by whoever wanted to send; this is how long one try waits for it. */
const PATIENCE_MS = 5_000;

/**
 * Keeps a process from sending until it has held the exchange's record against the journal once: the journal may be a
 * restored copy which does not know what was sent, and an order that it sends again would be bought or sold twice.
 */
export class StartGate {
  private openIt: () => void = () => undefined;
  private tellTried: () => void = () => undefined;
  private opensAll = false;
  private readonly opened = new Promise<void>((resolve) => {
    this.openIt = resolve;
  });
  private readonly tried = new Promise<void>((resolve) => {
    this.tellTried = resolve;
  });

  /** May something be sent? */
  readonly isOpen = (): boolean => this.opensAll;

  open(): void {
    this.opensAll = true;
    this.openIt();
    this.tellTried();
  }

  /** The first comparison has failed. It goes on being tried, but an emergency waits no longer. */
  noteFailure(): void {
    this.tellTried();
  }

  /** @throws Error when the comparison has not succeeded in a while; nothing has been sent, and a repetition may help */
  async pass(): Promise<void> {
    await within(PATIENCE_MS, this.opened);
    if (!this.isOpen())
      throw new Error(
        'Nothing is sent before the exchange has been held against the journal; it cannot be yet.',
      );
  }

  /** An emergency stop waits for the first try, whatever comes of it, and not for long. */
  async passInEmergency(): Promise<void> {
    await within(PATIENCE_MS / 2, this.tried);
  }
}

async function within(limitMs: number, event: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([event, limit]);
  clearTimeout(timer);
}
