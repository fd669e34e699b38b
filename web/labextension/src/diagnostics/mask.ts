/** IPython's own syntax taken out of a cell, so that a Python checker can read it. Pure functions. */
import { automagic, cellMagic, opensNames } from './magics';

/** Escapes that begin a line: magics, shell, help, and calls without brackets (`,f a b`, `;f a b`, `/f a`). */
const LINE_MAGIC = /^\s*([%!?,;/]|[\w.*]+\s*\?{1,2}\s*$)/;
const ASSIGNED = /^(\s*)([\w.,\s]+?)\s*=\s*[%!](?!=)/;
const TIMED = /^(\s*)%time(?=\s+(?!-)\S)(.*)$/;
const COMPOUND = /^\s*(async|class|def|for|if|match|try|while|with|@)/;
/** Text that was copied with its prompts: IPython takes them away. */
const PROMPT = /^\s*(>>>|In \[\d+\]:)/;

export interface Masked {
  /** Plain Python with as many lines as the cell. */
  text: string;
  /** Width of the common indentation that IPython takes away: add it to columns. */
  shift: number;
  /** Something in it may bind names that nobody can know of. */
  open: boolean;
}

/** Replaces magics and shell commands by plain Python, line for line. */
export function mask(source: string): Masked {
  const lines = source.split('\n');
  const first = lines.findIndex(line => line.trim() !== '');
  if (first < 0) {
    return { text: source, shift: 0, open: false };
  }
  const blank = '\n'.repeat(lines.length - 1);
  if (PROMPT.test(lines[first])) {
    return { text: blank, shift: 0, open: true };
  }
  const shift = dedent(lines, /^[ \t]*/.exec(lines[first])![0]);
  const only = lines.every((line, index) => index === first || line.trim() === '') ? automagic(lines[first]) : undefined;
  if (only) {
    return { text: blank, shift: 0, open: opensNames(only) };
  }
  let open = false;
  if (lines[first].startsWith('%%')) {
    const [, name, rest] = /^%%(\S*)\s*(.*)$/.exec(lines[first])!;
    const magic = cellMagic(name, rest);
    if (!magic.python) {
      return { text: blank, shift: 0, open: magic.open };
    }
    open = magic.open;
    lines[first] = magic.binds ? `${magic.binds} = None` : 'pass';
  }
  const masked = maskLines(lines);
  return { text: masked.lines.join('\n'), shift, open: open || masked.open };
}

function dedent(lines: string[], indent: string): number {
  if (!indent || !lines.every(line => line.startsWith(indent) || line.trim() === '')) {
    return 0;
  }
  lines.forEach((line, i) => (lines[i] = line.slice(indent.length)));
  return indent.length;
}

function maskLines(lines: string[]): { lines: string[]; open: boolean } {
  const starts = statementStarts(lines);
  let continued = false;
  let open = false;
  const masked = lines.map((line, i) => {
    if (continued) {
      continued = line.endsWith('\\');
      return '';
    }
    if (!starts[i]) {
      return line;
    }
    const assigned = ASSIGNED.exec(line);
    if (!assigned && !LINE_MAGIC.test(line)) {
      return line;
    }
    continued = line.endsWith('\\');
    const timed = TIMED.exec(line);
    if (timed && !continued && isWhole(timed[2])) {
      return `${timed[1]}pass;${timed[2]}`; // as many characters as `%time`: columns stay
    }
    const name = /^\s*%(\w+)/.exec(line)?.[1];
    open ||= name !== undefined && opensNames(name);
    return assigned ? `${assigned[1]}${assigned[2]} = None` : /^\s*/.exec(line)![0] + 'pass';
  });
  return { lines: masked, open };
}

/** Whether what follows `%time` is a simple statement that ends with its line. */
function isWhole(statement: string): boolean {
  const scanner = new Scanner();
  scanner.read(statement);
  return scanner.outside && !COMPOUND.test(statement) && !/[!%?]/.test(statement.trim()[0]);
}

/** Which lines start a statement, that is, outside brackets and triple-quoted strings: only these can be magics. */
function statementStarts(lines: string[]): boolean[] {
  const scanner = new Scanner();
  return lines.map(line => {
    const starts = scanner.outside;
    if (!starts || !LINE_MAGIC.test(line)) {
      scanner.read(line);
    }
    return starts;
  });
}

/** Follows brackets and strings from line to line. */
class Scanner {
  private depth = 0;
  private quote = '';
  /** The line before ended with a backslash. */
  private joined = false;

  get outside(): boolean {
    return this.depth === 0 && this.quote === '' && !this.joined;
  }

  read(line: string): void {
    let comment = false;
    for (let i = 0; i < line.length; i++) {
      if (this.quote) {
        i = this.inString(line, i);
      } else if (line[i] === '#') {
        comment = true;
        break;
      } else {
        i = this.inCode(line, i);
      }
    }
    if (this.quote.length === 1) {
      this.quote = ''; // a plain string ends with its line
    }
    this.joined = !this.quote && line.endsWith('\\') && !comment;
  }

  private inString(line: string, i: number): number {
    if (line[i] === '\\') {
      return i + 1;
    }
    if (line.startsWith(this.quote, i)) {
      const last = i + this.quote.length - 1;
      this.quote = '';
      return last;
    }
    return i;
  }

  private inCode(line: string, i: number): number {
    const char = line[i];
    if (char === '"' || char === "'") {
      const triple = char.repeat(3);
      this.quote = line.startsWith(triple, i) ? triple : char;
      return i + this.quote.length - 1;
    }
    if ('([{'.includes(char)) {
      this.depth++;
    } else if (')]}'.includes(char)) {
      this.depth = Math.max(0, this.depth - 1);
    }
    return i;
  }
}
