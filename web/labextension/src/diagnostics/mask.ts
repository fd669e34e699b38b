/** IPython's own syntax taken out of a cell, so that a Python checker can read it. Pure functions. */

const PYTHON_BODY = /^%%(time|timeit|capture|prun|memit|mprun)\b/;
const LINE_MAGIC = /^\s*([%!?]|[\w.]+\s*\?{1,2}\s*$)/;
const ASSIGNED = /^(\s*)([\w.,\s]+?)\s*=\s*[%!](?!=)/;

export interface Masked {
  /** Plain Python with as many lines as the cell. */
  text: string;
  /** Width of the common indentation that IPython takes away: add it to columns. */
  shift: number;
}

/** Replaces magics and shell commands by plain Python, line for line. */
export function mask(source: string): Masked {
  const lines = source.split('\n');
  const first = lines.findIndex(line => line.trim() !== '');
  if (first < 0) {
    return { text: source, shift: 0 };
  }
  const shift = dedent(lines, /^[ \t]*/.exec(lines[first])![0]);
  if (lines[first].startsWith('%%')) {
    if (!PYTHON_BODY.test(lines[first])) {
      return { text: '\n'.repeat(lines.length - 1), shift: 0 };
    }
    const captured = /^%%capture\s+([A-Za-z_]\w*)/.exec(lines[first]);
    lines[first] = captured ? `${captured[1]} = None` : 'pass';
  }
  return { text: maskLines(lines).join('\n'), shift };
}

function dedent(lines: string[], indent: string): number {
  if (!indent || !lines.every(line => line.startsWith(indent) || line.trim() === '')) {
    return 0;
  }
  lines.forEach((line, i) => (lines[i] = line.slice(indent.length)));
  return indent.length;
}

function maskLines(lines: string[]): string[] {
  const starts = statementStarts(lines);
  let continued = false;
  return lines.map((line, i) => {
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
    return assigned ? `${assigned[1]}${assigned[2]} = None` : /^\s*/.exec(line)![0] + 'pass';
  });
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

  get outside(): boolean {
    return this.depth === 0 && this.quote === '';
  }

  read(line: string): void {
    for (let i = 0; i < line.length; i++) {
      if (this.quote) {
        i = this.inString(line, i);
      } else if (line[i] === '#') {
        break;
      } else {
        i = this.inCode(line, i);
      }
    }
    if (this.quote.length === 1) {
      this.quote = ''; // a plain string ends with its line
    }
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
