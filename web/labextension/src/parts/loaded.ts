import * as React from 'react';
import { ApiError } from '../api/errors';

export interface Loaded<T> {
  value?: T;
  problem?: ApiError;
  loading: boolean;
  reload: () => void;
}

/** Load when first shown and whenever a dependency changes; an answer that was overtaken is dropped. */
export function useLoaded<T>(load: () => Promise<T>, dependencies: readonly unknown[]): Loaded<T> {
  const [turn, setTurn] = React.useState(0);
  const [state, setState] = React.useState<Omit<Loaded<T>, 'reload'>>({ loading: true });
  React.useEffect(() => {
    let current = true;
    setState(before => ({ ...before, loading: true }));
    load().then(
      value => current && setState({ value, loading: false }),
      (reason: unknown) => current && setState({ problem: ApiError.from(reason), loading: false })
    );
    return () => {
      current = false;
    };
  }, [turn, ...dependencies]);
  return { ...state, reload: () => setTurn(turn + 1) };
}
