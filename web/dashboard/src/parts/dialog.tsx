import { type ReactNode, useEffect, useId, useRef } from 'react';

interface Props {
  title: string;
  name: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog: the browser keeps the focus inside and gives it back. */
export function Dialog({ title, name, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) {
        before.focus();
      }
    };
  }, []);
  return (
    <dialog ref={dialog} className="Dialog" aria-labelledby={id} data-caseloop={name} onClose={onClose}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="Button is-quiet" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      {children}
    </dialog>
  );
}
