/** What the view needs of a terminal's output stream. */
interface Terminal {
  write(text: string): boolean;
}

const ALTERNATE_ON = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const ALTERNATE_OFF = '\u001B[?7h\u001B[?25h\u001B[?1049l';
const SYNC_BEGIN = '\u001B[?2026h';
const SYNC_END = '\u001B[?2026l';
const HOME = '\u001B[H';
const CLEAR_LINE_END = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/**
 * The terminal's alternate screen. Pictures are written over each other, line by line and in one synchronised write, so
 * nothing flickers; what was on the terminal before comes back at the end, however the process ends.
 */
export class Screen {
  private isOpen = false;

  constructor(private readonly terminal: Terminal) {}

  open(): void {
    this.isOpen = true;
    this.terminal.write(ALTERNATE_ON);
    process.once('exit', this.onExit);
  }

  show(lines: readonly string[]): void {
    const picture = lines.map((line) => `${line}${CLEAR_LINE_END}`).join('\r\n');
    this.terminal.write(`${SYNC_BEGIN}${HOME}${picture}${CLEAR_BELOW}${SYNC_END}`);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    process.off('exit', this.onExit);
    this.terminal.write(ALTERNATE_OFF);
  }

  private readonly onExit = (): void => {
    this.close();
  };
}
