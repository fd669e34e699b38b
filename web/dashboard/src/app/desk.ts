import { createContext, useContext } from 'react';
import type { DeskClient } from '../api/client';
import type { Me } from '../api/desk-types';

export interface Desk {
  client: DeskClient;
  me: Me;
}

export const DeskContext = createContext<Desk | null>(null);

/** The client and who is signed in; only below the frame. */
export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) {
    throw new Error('useDesk outside of the frame');
  }
  return desk;
}
