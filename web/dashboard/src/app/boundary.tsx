import { Component, type ReactNode } from 'react';

interface State {
  broken: boolean;
}

/** A page that throws while it is drawn takes only itself away. */
export class Boundary extends Component<{ children: ReactNode }, State> {
  override state: State = { broken: false };

  static getDerivedStateFromError(): State {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) {
      return this.props.children;
    }
    return (
      <div className="Page" role="alert" data-caseloop="broken">
        <h1>This page could not be drawn</h1>
        <p>Something in it has a shape that the desk does not know. What you wrote is kept in this tab.</p>
        <button type="button" className="Button" onClick={() => window.location.reload()}>
          Load it again
        </button>
      </div>
    );
  }
}
