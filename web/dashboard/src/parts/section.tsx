import { type ReactNode, useId } from 'react';

interface Props {
  title: string;
  name: string;
  aside?: ReactNode;
  children: ReactNode;
}

/** One titled part of a screen. */
export function Section({ title, name, aside, children }: Props) {
  const id = useId();
  return (
    <section className="Section" aria-labelledby={id} data-caseloop={name}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
