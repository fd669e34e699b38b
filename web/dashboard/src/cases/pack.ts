import { downloadZip } from 'client-zip';

export interface Picked {
  /** Below the folder that was picked, with forward slashes. */
  path: string;
  file: File;
}

/** An archive to send, and what to call it. */
export interface Parcel {
  name: string;
  content: Blob;
}

/** Files that systems and tools leave behind; the server leaves them out, too. */
const JUNK = /(^|\/)(\.[^/]*|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini)(\/|$)/;

/** Makes one archive of what was picked: a zip as it is, anything else packed. Throws Error with words for people. */
export async function parcel(name: string, picked: Picked[]): Promise<Parcel> {
  const wanted = picked.filter(({ path }) => !JUNK.test(path));
  const [only] = wanted;
  if (!only) {
    throw new Error('There is no file in it.');
  }
  if (wanted.length === 1 && /\.zip$/i.test(only.path)) {
    return { name: only.file.name, content: only.file };
  }
  // the browser keeps what becomes large on its disk
  const packed = downloadZip(
    wanted.map(({ path, file }) => ({ name: path, input: file, lastModified: new Date(file.lastModified) }))
  );
  return { name: name || 'case', content: await packed.blob() };
}

/** Files of an input element; of a folder their paths begin with its name. */
export function fromInput(files: Iterable<File>): { name: string; picked: Picked[] } {
  const picked = [...files].map(file => ({ path: file.webkitRelativePath || file.name, file }));
  return inside(picked);
}

/** Everything that was dropped, folders with all that is in them. */
export async function fromDrop(items: DataTransferItemList): Promise<{ name: string; picked: Picked[] }> {
  // taken before anything is waited for: the list is empty afterwards
  const entries = [...items].map(item => item.webkitGetAsEntry()).filter(entry => entry !== null);
  const picked: Picked[] = [];
  for (const entry of entries) {
    await collect(entry, entry.name, picked);
  }
  return inside(picked);
}

async function collect(entry: FileSystemEntry, path: string, into: Picked[]): Promise<void> {
  if (entry.isFile) {
    into.push({ path, file: await new Promise((done, failed) => (entry as FileSystemFileEntry).file(done, failed)) });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // a browser gives some at a time, and none at the end
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) {
      return;
    }
    for (const one of some) {
      await collect(one, `${path}/${one.name}`, into);
    }
  }
}

function inside(picked: Picked[]): { name: string; picked: Picked[] } {
  const tops = new Set(picked.map(({ path }) => path.split('/', 1)[0] ?? ''));
  const [top = ''] = tops;
  return { name: tops.size === 1 ? top : '', picked };
}
