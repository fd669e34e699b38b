import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import type { LabelItem, Said } from '../api/quality-types';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { SAID } from './words';

/** The items of a run one after the other: an answer is written down, and the next one comes by itself. */
export function useLabels(run: string) {
  const { client } = useDesk();
  const queries = useQueryClient();
  const say = useSay();
  const [at, setAt] = useState({ list: 0, index: 0 });
  const [note, setNote] = useState('');
  const [answers, setAnswers] = useState<Record<string, Said>>({});
  const skipped = useRef(new Set<string>());
  const page = useQuery({
    queryKey: ['labels', run],
    queryFn: () => client.quality.labels(run),
    // Never by itself: what is on the screen must not change under somebody's hands.
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false
  });
  // What was skipped before comes last.
  const items = useMemo(() => {
    const all = page.data?.items ?? [];
    return [...all.filter(one => !skipped.current.has(one.item)), ...all.filter(one => skipped.current.has(one.item))];
  }, [page.data]);
  // Another list begins at its beginning.
  const list = page.dataUpdatedAt;
  const index = at.list === list ? at.index : 0;
  const item: LabelItem | undefined = items[index];

  const next = async () => {
    setNote('');
    setAt({ list, index: index + 1 });
    if (index + 1 >= items.length) {
      await page.refetch();
    }
  };
  const giving = useMutation({
    mutationFn: (label: { item: string; answer: Said; note: string }) => client.quality.label(run, label),
    onSuccess: async given => {
      skipped.current.delete(given.item);
      setAnswers(before => ({ ...before, [given.item]: given.answer }));
      void queries.invalidateQueries({ queryKey: ['run', run] });
      say(`Written down: ${SAID[given.answer].toLowerCase()}.`);
      await next();
    }
  });
  const give = (answer: Said) => {
    if (item && !giving.isPending) {
      giving.mutate({ item: item.item, answer, note: note.trim() });
    }
  };
  const skip = () => {
    if (item && !giving.isPending) {
      giving.reset();
      skipped.current.add(item.item);
      say('Skipped.');
      void next();
    }
  };
  const back = () => {
    if (index > 0 && !giving.isPending) {
      giving.reset();
      setNote('');
      setAt({ list, index: index - 1 });
    }
  };
  const again = () => {
    skipped.current.clear();
    void page.refetch();
  };
  // Those that were skipped come back with the next part; where they are all there is, somebody has to say so.
  const onlySkipped = items.length > 0 && items.every(one => skipped.current.has(one.item));
  const given = (page.data?.given ?? 0) + items.filter(one => answers[one.item]).length;
  const answer = item && answers[item.item];
  return { page, item, index, note, setNote, give, skip, back, giving, given, answer, onlySkipped, again };
}
