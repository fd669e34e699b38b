import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Render again whenever one of the signals is emitted. */
export function useSignals(...signals: ISignal<unknown, unknown>[]): void {
  const [, again] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const slot = (): void => again();
    signals.forEach(signal => signal.connect(slot));
    return () => signals.forEach(signal => signal.disconnect(slot));
  }, signals);
}
