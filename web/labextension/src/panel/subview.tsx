import * as React from 'react';
import { Button } from '../parts/elements';
import type { PanelPlace } from './place';

interface SubviewProps {
  title: string;
  subtitle?: string;
  name: string;
  place: PanelPlace;
  children: React.ReactNode;
}

/** A view that covers the overview: a way back, a heading that takes the focus, and its content. */
export function Subview({ title, subtitle, name, place, children }: SubviewProps): JSX.Element {
  const heading = React.useRef<HTMLHeadingElement>(null);
  React.useEffect(() => heading.current?.focus(), []);
  return (
    <div
      className="caseloop-Subview"
      data-caseloop={name}
      onKeyDown={event => event.key === 'Escape' && place.back()}
    >
      <Button name="back" look="link" onClick={() => place.back()}>
        <span aria-hidden="true">‹ </span>All steps
      </Button>
      <h2 tabIndex={-1} ref={heading}>
        {title}
      </h2>
      {subtitle && <p className="caseloop-mod-quiet">{subtitle}</p>}
      {children}
    </div>
  );
}
