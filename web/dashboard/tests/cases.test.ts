import { describe, expect, it } from 'vitest';
import type { UploadStep } from '../src/api/authoring-types';
import { fromInput, parcel } from '../src/cases/pack';
import { linesOf, logOf, size } from '../src/cases/words';

function steps(...told: UploadStep['step'][]): UploadStep[] {
  return told.map((step, index) => ({ sequence: index + 1, at: '2026-01-01T00:00:00Z', step }));
}

describe('linesOf', () => {
  const trying = (index: number) => ({ kind: 'trying', what: `trial ${index}`, index, count: 3 });

  it('makes one line of the trials, which says how far they are', () => {
    const lines = linesOf(steps({ kind: 'unpacking' }, trying(1), trying(2)), true);
    expect(lines.map(({ words }) => words)).toEqual(['Unpack the archive', 'Try the trial 2']);
    expect(lines[1]).toMatchObject({ index: 2, count: 3 });
  });

  it('says what was done once it is over, and leaves the end to the page', () => {
    const lines = linesOf(steps(trying(1), trying(2), trying(3), { kind: 'passed' }), false);
    expect(lines.map(({ words }) => words)).toEqual(['Tried 3 of 3 notebooks']);
  });

  it('shows a step that it does not know by its name', () => {
    const [line] = linesOf(steps({ kind: 'building_image', what: 'layer 3' }), true);
    expect(line?.words).toBe('Building image: layer 3');
  });
});

describe('logOf', () => {
  it('keeps every line of a build, and nothing of other steps', () => {
    const building = (line: string) => ({ kind: 'building', requirements: ['wordfreq'], line });
    const told = steps(building(''), building('Resolved 2 packages'), { kind: 'reading' }, building('image: Step 1/3'));
    expect(logOf(told)).toEqual(['Resolved 2 packages', 'image: Step 1/3']);
  });
});

describe('parcel', () => {
  const file = (name: string, content = 'x') => new File([content], name);

  it('takes a zip as it is', async () => {
    const archive = file('case.zip');
    expect(await parcel('', [{ path: 'case.zip', file: archive }])).toEqual({ name: 'case.zip', content: archive });
  });

  it('packs a folder without what systems leave behind, the same way each time', async () => {
    const picked = [
      { path: 'coffee/case.yaml', file: new File(['id: x'], 'case.yaml', { lastModified: 0 }) },
      { path: 'coffee/.git/config', file: file('config') },
      { path: 'coffee/__pycache__/a.pyc', file: file('a.pyc') }
    ];
    const one = await parcel('coffee', picked);
    const text = new TextDecoder('latin1').decode(await one.content.arrayBuffer());
    expect(one.name).toBe('coffee');
    expect(text).toContain('coffee/case.yaml');
    expect(text).not.toContain('.git');
    expect(text).not.toContain('pyc');
    expect((await parcel('coffee', picked)).content.size).toBe(one.content.size);
  });

  it('refuses nothing at all', async () => {
    await expect(parcel('coffee', [{ path: 'coffee/.DS_Store', file: file('.DS_Store') }])).rejects.toThrow('no file');
  });

  it('is called after the folder', () => {
    const one = file('case.yaml');
    Object.defineProperty(one, 'webkitRelativePath', { value: 'coffee/case.yaml' });
    expect(fromInput([one])).toMatchObject({ name: 'coffee', picked: [{ path: 'coffee/case.yaml' }] });
  });
});

describe('size', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1_500, '1.5 kB'],
    [123_456_789, '123 MB']
  ])('says %i as %s', (bytes, words) => expect(size(bytes)).toBe(words));
});
