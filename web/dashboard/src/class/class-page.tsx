import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useDesk } from '../app/desk';
import { type Route, address, go } from '../app/router';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { ClassTable } from './class-table';

export default function ClassPage({ route: { query } }: { route: Route }) {
  useTitle('Class');
  const { client } = useDesk();
  const cases = useQuery({ queryKey: ['cases'], queryFn: () => client.cases(), staleTime: 60_000 });
  const chosen = query.get('case') ?? cases.data?.[0]?.id ?? '';
  const watch = query.get('watch') === 'true';
  const set = (name: string, value: string) =>
    go(address('class', [], { ...Object.fromEntries(query), case: chosen, [name]: value }), true);
  const view = useInfiniteQuery({
    queryKey: ['class', chosen, watch],
    queryFn: ({ pageParam }) => client.classView({ case: chosen, watch, after: pageParam ?? undefined }),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next,
    enabled: chosen !== '',
    refetchInterval: 60_000
  });
  const whole = view.data?.pages[0];
  const rows = view.data?.pages.flatMap(page => page.rows) ?? [];
  return (
    <div className="Page" data-caseloop="class">
      <header className="Page-head">
        <h1>Class</h1>
        <form className="Filters" aria-label="Which class" onSubmit={event => event.preventDefault()}>
          <label>
            <span>Case</span>
            <select data-caseloop="pick-case" value={chosen} onChange={event => set('case', event.target.value)}>
              {cases.data?.map(({ id, title }) => (
                <option key={id} value={id}>
                  {title}
                </option>
              ))}
            </select>
          </label>
          <label className="Check">
            <input
              type="checkbox"
              data-caseloop="watch-only"
              checked={watch}
              onChange={event => set('watch', event.target.checked ? 'true' : '')}
            />
            Watch list only
          </label>
        </form>
        {chosen && (
          <p className="Exports">
            <a href={client.exportAddress(chosen, 'csv')} download data-caseloop="export-csv">
              CSV
            </a>{' '}
            <a href={client.exportAddress(chosen, 'json')} download data-caseloop="export-json">
              JSON
            </a>
          </p>
        )}
      </header>
      {cases.isError && <Problem reason={cases.error} retry={() => void cases.refetch()} />}
      {view.isError && <Problem reason={view.error} retry={() => void view.refetch()} />}
      {cases.data?.length === 0 && <Empty title="No case is published" />}
      {(cases.isPending || (chosen !== '' && view.isPending)) && <Loading what="the class" />}
      {whole && (
        <dl className="Figures">
          <Figure name="Learners" value={whole.learners} />
          <Figure name="Finished" value={whole.finished} />
          <Figure name="Stuck" value={whole.stuck} warm={whole.stuck > 0} />
          <Figure name="Silent" value={whole.silent} warm={whole.silent > 0} />
        </dl>
      )}
      {whole && rows.length === 0 && (
        <Empty title={watch ? 'Nobody is on the watch list' : 'Nobody has begun this case'} />
      )}
      {rows.length > 0 && <ClassTable name={chosen} rows={rows} titles={whole?.titles ?? {}} />}
      {view.hasNextPage && (
        <button type="button" className="Button More" data-caseloop="more" onClick={() => void view.fetchNextPage()}>
          Show more ({rows.length} of {whole?.total})
        </button>
      )}
    </div>
  );
}

function Figure({ name, value, warm = false }: { name: string; value: number; warm?: boolean }) {
  return (
    <div data-warm={warm}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
