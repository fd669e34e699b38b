/** What IPython's own commands may do to the names of a notebook. Pure functions. */

/** Line magics that bind no name. Of every other one nothing is known, so any name may exist after it. */
const SILENT_LINES = new Set(
  (
    'alias alias_magic autoawait autoreload bookmark cat cd clear cls colors conda config cp debug dhist dirs doctest_mode ' +
    'env gui hist history killbgscripts less load_ext logoff logon logstart logstate logstop ls lsmagic magic mamba man ' +
    'matplotlib micromamba mkdir more mv notebook page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd pprint precision ' +
    'psearch psource pushd pwd pycat quickref recall rehashx reload_ext reset reset_selective rm rmdir save set_env sx ' +
    'system tb timeit unalias unload_ext uv watermark who who_ls whos xdel xmode'
  ).split(' ')
);
/** Cell magics whose body is no Python of this kernel; they bind nothing unless told where to put their output. */
const FOREIGN_CELLS = new Set(
  '! HTML SVG bash cmd file html javascript js latex markdown perl pypy python python2 python3 ruby script sh svg sx system writefile'.split(' ')
);
/** Cell magics that run their body as Python of this kernel. */
const PYTHON_CELLS = new Set('capture memit mprun prun time timeit'.split(' '));
/** Magics that also work without `%` when they are a cell of one line and no name hides them. */
const AUTOMAGIC = new Set([...SILENT_LINES, 'load', 'macro', 'pylab', 'run', 'store', 'time']);

/** Whether any name may exist after this magic. */
export function opensNames(name: string): boolean {
  return !SILENT_LINES.has(name);
}

/** What is known of a cell that begins with `%%name rest`. */
export function cellMagic(name: string, rest: string): { python: boolean; open: boolean; binds?: string } {
  if (PYTHON_CELLS.has(name)) {
    const binds = name === 'capture' ? rest.split(/\s+/).find(word => /^[A-Za-z_]\w*$/.test(word)) : undefined;
    return { python: true, open: false, binds };
  }
  return { python: false, open: !FOREIGN_CELLS.has(name) || /--(out|err|proc)\b/.test(rest) };
}

/** The magic that a cell of one line is without saying `%`, as IPython reads it. */
export function automagic(line: string): string | undefined {
  const found = /^([A-Za-z_]\w*)(?:\s+(?![=,(.[])\S.*|\s*)$/.exec(line);
  return found && AUTOMAGIC.has(found[1]) ? found[1] : undefined;
}
