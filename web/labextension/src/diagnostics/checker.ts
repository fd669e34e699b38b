/** What is certain to fail in a notebook: syntax cell by cell, names over all cells together. No DOM. */
import { inLoop, mayBeHarmless } from './doubt';
import { mask } from './mask';
import { type CellLine, type CellSource, join } from './module';

export interface Position {
  line: number;
  column: number;
}

/** One certain error; lines and columns are 1-based, columns count UTF-16 units. */
export interface Problem {
  cell: string;
  from: Position;
  to: Position;
  code: string;
  message: string;
}

/** What ruff says about a text. */
export interface RawDiagnostic {
  code: string | null;
  message: string;
  start_location: { row: number; column: number };
  end_location: { row: number; column: number };
}

/** Names that IPython binds in every kernel. */
export const IPYTHON_NAMES = [
  'get_ipython', 'display', 'In', 'Out', '_', '__', '___', '_i', '_ii', '_iii', '_ih', '_oh', '_dh', 'exit', 'quit'
];
/**
 * Only what cannot run: text that is no Python (E9, and what ruff calls invalid-syntax), Python 2's `print >>`, statements
 * in the wrong place (F701 to F707), names that exist nowhere, locals that are read before they have a value. Their
 * neighbours are left out, because such code runs: `x is "a"`, `assert (x, "y")`, `if (x,):`, strings as annotations.
 */
export const CERTAIN_RULES = ['E9', 'F633', 'F701', 'F702', 'F704', 'F706', 'F707', 'F821', 'F823'];

/** Whether this Python, as ruff names it (`py311`), reads annotations only on demand. */
export function defersAnnotations(version: string): boolean {
  return Number(version.slice('py3'.length)) >= 14;
}

/** With these any name may exist when the cell runs. */
const OPEN_NAMES = /\b(globals|locals|vars|exec|eval)\s*\(|run_(line|cell)_magic|run_cell|user_ns|__builtins__|\bbuiltins\./;
const DEFERRED = /^from __future__ import .*\bannotations\b/m;

const isSyntax = (found: RawDiagnostic): boolean =>
  !found.code || found.code === 'invalid-syntax' || found.code.startsWith('E9');
/** IPython allows `await` at the top level of a cell. */
const isAllowed = (found: RawDiagnostic): boolean => found.code === 'F704' && /await/.test(found.message);

/** Keeps what it knows of unchanged cells from one run to the next. */
export class Checker {
  private known = new Map<string, RawDiagnostic[]>();

  /** `deferred`: this Python reads annotations only when somebody asks for them (3.14 and later). */
  constructor(
    private readonly check: (text: string) => RawDiagnostic[],
    private readonly deferred = false
  ) {}

  run(cells: readonly CellSource[]): Problem[] {
    const shifts = new Map<string, number>();
    const sound: CellSource[] = [];
    const broken: string[] = [];
    const problems: Problem[] = [];
    const known = new Map<string, RawDiagnostic[]>();
    let open = false;
    for (const cell of cells) {
      const { text, shift, open: more } = mask(cell.source);
      shifts.set(cell.id, shift);
      open ||= more || OPEN_NAMES.test(cell.source);
      const found = this.known.get(text) ?? this.check(text + '\n').filter(isSyntax);
      known.set(text, found);
      if (found.length) {
        broken.push(text);
        // later syntax errors of a cell mostly follow from the first
        problems.push(problem(found[0], { cell: cell.id, line: found[0].start_location.row }));
      } else {
        sound.push({ id: cell.id, source: text });
      }
    }
    this.known = known;
    problems.push(...this.names(sound, broken.join('\n'), open));
    const quiet = new Set(cells.filter(cell => cell.quiet).map(cell => cell.id));
    return problems.filter(found => !quiet.has(found.cell)).map(found => shifted(found, shifts.get(found.cell) ?? 0));
  }

  /**
   * The module is checked twice in one text: in the second copy every name bound anywhere in the notebook is known,
   * so what is still undefined there is undefined in whatever order the cells are run.
   */
  private names(sound: readonly CellSource[], broken: string, open: boolean): Problem[] {
    const { text, rows, place } = join(sound);
    if (!sound.length) {
      return [];
    }
    const deferred = this.deferred || DEFERRED.test(text);
    const sources = new Map(sound.map(cell => [cell.id, cell.source]));
    const certain = (found: RawDiagnostic): boolean => {
      const { cell, line } = place(found.start_location.row - rows);
      const source = sources.get(cell)!;
      switch (found.code) {
        case 'F821':
          return !open && !mayBeBoundIn(broken, found) && !mayBeHarmless(source, line, found.start_location.column, deferred);
        case 'F823':
          return !inLoop(source, line);
        default:
          return true;
      }
    };
    return this.check(text + text)
      .filter(found => found.start_location.row > rows && !isSyntax(found) && !isAllowed(found))
      .filter(certain)
      .map(found => problem(found, place(found.start_location.row - rows)));
  }
}

/** ruff names nothing that a broken cell binds: a name that occurs there is given the benefit of the doubt. */
function mayBeBoundIn(broken: string, found: RawDiagnostic): boolean {
  const name = /`([^`]+)`/.exec(found.message)?.[1];
  if (!name) {
    return false;
  }
  const word = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w.])${word}(?!\\w)`).test(broken);
}

function problem(found: RawDiagnostic, at: CellLine): Problem {
  const height = found.end_location.row - found.start_location.row;
  return {
    cell: at.cell,
    from: { line: at.line, column: found.start_location.column },
    to: { line: at.line + height, column: found.end_location.column },
    code: found.code ?? 'syntax',
    message: found.message
  };
}

function shifted(found: Problem, shift: number): Problem {
  const move = ({ line, column }: Position): Position => ({ line, column: column + shift });
  return { ...found, from: move(found.from), to: move(found.to) };
}
