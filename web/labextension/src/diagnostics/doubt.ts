/**
 * When an undefined name need not fail: ruff reads a name in every place, Python only where it gets to. What is not
 * certain to fail is not shown. Pure functions over one cell's text.
 */

/** Blocks that may be meant for another Python, for a type checker, or for nobody. */
const GUARD = /\b(version_info|PY2|PY3|TYPE_CHECKING|False|hasattr|platform|globals|locals|dir|vars)\b|^\s*(if|elif|while)\s*\(?0\b/;
const CATCHES_NAMES = /^\s*except(\s*:|\*?\s+.*\b(NameError|UnboundLocalError|Exception|BaseException)\b)/;
const HEADER = /^\s*(async\s+)?(if|elif|else|while|for|try|except|finally|with|def|class|match|case)\b/;

const indent = (line: string): number => /^[ \t]*/.exec(line)![0].length;

/** Whether an undefined name at this place (1-based) may never be looked up, or be allowed to be missing. */
export function mayBeHarmless(text: string, row: number, column: number, deferred: boolean): boolean {
  const lines = text.split('\n');
  const offset = lines.slice(0, row - 1).reduce((sum, line) => sum + line.length + 1, 0) + column - 1;
  return inPlainString(text, offset) || inAnnotation(lines, row, column, deferred) || guarded(lines, row);
}

/** Whether a local name at this place may have been given its value by an earlier turn of a loop. */
export function inLoop(text: string, row: number): boolean {
  return headers(text.split('\n'), row).some(({ line }) => /^\s*(async\s+)?(for|while)\b/.test(line));
}

/** Headers of the blocks around a row, the innermost first, up to the function that holds it. */
function headers(lines: string[], row: number): { line: string; at: number }[] {
  const found: { line: string; at: number }[] = [];
  let depth = indent(lines[row - 1]);
  for (let at = row - 2; at >= 0 && depth > 0; at--) {
    const line = lines[at];
    if (line.trim() && indent(line) < depth && HEADER.test(line)) {
      depth = indent(line);
      found.push({ line, at });
    }
  }
  return found;
}

function guarded(lines: string[], row: number): boolean {
  return headers(lines, row).some(({ line, at }) => {
    if (/^\s*(if|elif|while)\b/.test(line)) {
      return GUARD.test(line);
    }
    if (/^\s*else\b/.test(line)) {
      return GUARD.test(ifOf(lines, at));
    }
    return /^\s*try\b/.test(line) && catches(lines, at);
  }) || GUARD.test(conditional(lines[row - 1]));
}

/** The condition of `a if condition else b` and of a one-line block. */
function conditional(line: string): string {
  return /\bif\b(.*)/.exec(line)?.[1] ?? '';
}

function ifOf(lines: string[], at: number): string {
  const depth = indent(lines[at]);
  const above = lines.slice(0, at).reverse();
  return above.find(line => line.trim() !== '' && indent(line) === depth && /^\s*(if|elif|while|for|try)\b/.test(line)) ?? '';
}

function catches(lines: string[], at: number): boolean {
  const depth = indent(lines[at]);
  for (const line of lines.slice(at + 1)) {
    if (line.trim() && indent(line) < depth) {
      return false;
    }
    if (line.trim() && indent(line) === depth) {
      if (CATCHES_NAMES.test(line)) {
        return true;
      }
      if (!/^\s*(except|#|[)\]}])/.test(line)) {
        return false;
      }
    }
  }
  return false;
}

/** Annotations that are read later or never: of local names always, of others where Python defers them. */
function inAnnotation(lines: string[], row: number, column: number, deferred: boolean): boolean {
  const line = lines[row - 1];
  const assigned = /^(\s*)[\w.]+(\[[^\]]*\])?\s*:(?![=:])/.exec(line);
  if (assigned && !HEADER.test(line) && !/^\s*lambda\b/.test(line) && column > assigned[0].length) {
    const end = line.indexOf('=', assigned[0].length);
    return (deferred || assigned[1] !== '') && (end < 0 || column <= end);
  }
  if (!deferred) {
    return false;
  }
  // a signature over several lines: the nearest line above that begins a statement less indented than its arguments
  for (let at = row - 1; at >= Math.max(0, row - 30); at--) {
    if (/^\s*(async\s+)?def\b/.test(lines[at])) {
      return lines.slice(at, row - 1).every(above => !/:\s*(#.*)?$/.test(above));
    }
  }
  return false;
}

/** Whether an offset lies in a string that is no f-string: there it is an annotation that is read later, if at all. */
export function inPlainString(text: string, offset: number): boolean {
  let quote = '';
  let plain = false;
  for (let i = 0; i < offset; i++) {
    if (quote) {
      if (text[i] === '\\') {
        i++;
      } else if (text.startsWith(quote, i)) {
        i += quote.length - 1;
        quote = '';
      } else if (text[i] === '\n' && quote.length === 1) {
        quote = '';
      }
    } else if (text[i] === '#') {
      const end = text.indexOf('\n', i);
      i = end < 0 ? offset : end;
    } else if (text[i] === '"' || text[i] === "'") {
      const prefix = /[A-Za-z]*$/.exec(text.slice(Math.max(0, i - 3), i))![0];
      plain = !/[ftFT]/.test(prefix);
      const triple = text[i].repeat(3);
      quote = text.startsWith(triple, i) ? triple : text[i];
      i += quote.length - 1;
    }
  }
  return quote !== '' && plain;
}
