import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useDesk } from '../app/desk';
import { Problem } from '../parts/notice';

interface Props {
  text: string;
  onInsert: (words: string) => void;
}

/** The mentor's own comment bank. */
export function Phrases({ text, onInsert }: Props) {
  const { client } = useDesk();
  const queries = useQueryClient();
  const phrases = useQuery({ queryKey: ['phrases'], queryFn: () => client.phrases(), staleTime: 60_000 });
  const fresh = () => void queries.invalidateQueries({ queryKey: ['phrases'] });
  const add = useMutation({ mutationFn: (words: string) => client.addPhrase(words), onSuccess: fresh });
  const drop = useMutation({ mutationFn: (id: string) => client.dropPhrase(id), onSuccess: fresh });
  const words = text.trim();
  return (
    <details className="Fold Phrases" data-caseloop="phrases">
      <summary>Comment bank ({phrases.data?.length ?? 0})</summary>
      <ul className="Plain">
        {phrases.data?.map(phrase => (
          <li key={phrase.id} data-caseloop="phrase">
            <button type="button" className="Phrase" onClick={() => onInsert(phrase.text)}>
              {phrase.text}
            </button>
            <button
              type="button"
              className="Button is-quiet"
              aria-label={`Take «${phrase.text.slice(0, 40)}» out of the bank`}
              onClick={() => drop.mutate(phrase.id)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <button
        type="button"
        className="Button is-quiet"
        data-caseloop="save-phrase"
        disabled={!words || words.length > 2000 || add.isPending}
        onClick={() => add.mutate(words)}
      >
        Save what I have written
      </button>
      {(add.isError || drop.isError || phrases.isError) && (
        <Problem reason={add.error ?? drop.error ?? phrases.error} />
      )}
    </details>
  );
}
