/** What is typed and not sent yet. */
export interface MentorDrafts {
  notes: string;
  email: string;
  message: string;
  /** Why an answer did not help. */
  unclear: string;
}

export const NOTHING: MentorDrafts = { notes: '', email: '', message: '', unclear: '' };

/** Where drafts outlast the views that show them. Nothing here ever throws. */
export interface DraftStore {
  read(): MentorDrafts;
  write(drafts: MentorDrafts): void;
}

/** Keeps drafts in the tab, so that a reload or a sign-in in between loses nothing; gone with what was sent. */
export class TabDrafts implements DraftStore {
  constructor(private readonly key: string) {}

  read(): MentorDrafts {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key) ?? '{}') as Partial<Record<string, unknown>>;
      const text = (field: keyof MentorDrafts): string => (typeof kept[field] === 'string' ? kept[field] : '');
      return { notes: text('notes'), email: text('email'), message: text('message'), unclear: text('unclear') };
    } catch {
      return { ...NOTHING };
    }
  }

  write(drafts: MentorDrafts): void {
    try {
      if (Object.values(drafts).some(Boolean)) {
        sessionStorage.setItem(this.key, JSON.stringify(drafts));
      } else {
        sessionStorage.removeItem(this.key);
      }
    } catch {
      // a browser that keeps nothing: the text is there until a reload
    }
  }
}
