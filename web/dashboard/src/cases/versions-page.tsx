import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { CaseVersion } from '../api/authoring-types';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { address, go } from '../app/router';
import { useTitle } from '../app/use-title';
import { Dialog } from '../parts/dialog';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { moment } from '../parts/time';
import { several } from '../parts/words';
import { Comparison } from './comparison';
import { Regrade } from './regrade';
import { VERSION_STATES, short } from './words';

interface Props {
  name: string;
  query: URLSearchParams;
}

/** All versions of one case: which one learners get, what changed, and the decisions of admins. */
export function VersionsPage({ name, query }: Props) {
  const { client } = useDesk();
  const history = useQuery({ queryKey: ['history', name], queryFn: () => client.authoring.history(name) });
  const versions = history.data ?? [];
  const title = versions[0]?.title ?? name;
  const current = versions.find(({ state }) => state === 'current');
  useTitle(`Versions of ${title}`);
  const [first, second] = pair(versions);
  const before = query.get('before') ?? first;
  const after = query.get('after') ?? second;
  const choose = (which: string, version: string) =>
    go(address('cases', [name], { before, after, [which]: version }), true);
  return (
    <div className="Page" data-caseloop="versions" data-case={name}>
      <a className="Back" href={address('cases')}>
        ‹ Cases
      </a>
      <header className="Page-head">
        <h1>{title}</h1>
      </header>
      {history.isPending && <Loading what="the versions" />}
      {history.isError && <Problem reason={history.error} retry={() => void history.refetch()} />}
      <ol className="Plain Versions">
        {versions.map(version => (
          <VersionItem key={version.version} version={version} name={name} />
        ))}
      </ol>
      {versions.length > 1 && (
        <Section title="What changed" name="compare">
          <form className="Filters" aria-label="Compare two versions" onSubmit={event => event.preventDefault()}>
            <Pick label="From" name="before" versions={versions} chosen={before} choose={choose} />
            <Pick label="To" name="after" versions={versions} chosen={after} choose={choose} />
          </form>
          {before && after && before !== after && <Comparison name={name} before={before} after={after} />}
        </Section>
      )}
      {current?.number && <Regrade name={name} version={current.version} number={current.number} />}
    </div>
  );
}

/** What one most likely wants to compare: the current one and what would follow it, or the two newest. */
function pair(versions: CaseVersion[]): [string, string] {
  const [newest, next] = versions;
  const current = versions.find(({ state }) => state === 'current');
  const before = newest?.state === 'checked' && current ? current : next;
  return [before?.version ?? '', newest?.version ?? ''];
}

function label(version: CaseVersion): string {
  const what = version.number === null ? 'Unpublished' : `Number ${version.number}`;
  return `${what} · ${short(version.version)}`;
}

interface PickProps {
  label: string;
  name: string;
  versions: CaseVersion[];
  chosen: string;
  choose: (which: string, version: string) => void;
}

function Pick({ label: words, name, versions, chosen, choose }: PickProps) {
  return (
    <label>
      <span>{words}</span>
      <select data-caseloop={`compare-${name}`} value={chosen} onChange={event => choose(name, event.target.value)}>
        {versions.map(version => (
          <option key={version.version} value={version.version}>
            {label(version)}
          </option>
        ))}
      </select>
    </label>
  );
}

function VersionItem({ version, name }: { version: CaseVersion; name: string }) {
  const { client } = useDesk();
  const queries = useQueryClient();
  const say = useSay();
  const [asking, setAsking] = useState(false);
  const done = (words: string) => async () => {
    say(words);
    setAsking(false);
    await queries.invalidateQueries({ queryKey: ['history', name] });
  };
  const publish = useMutation({
    mutationFn: () => client.authoring.publish(version.version),
    onSuccess: done('Published.')
  });
  const withdraw = useMutation({
    mutationFn: (reason: string) => client.authoring.withdraw(version.version, reason),
    onSuccess: done('Withdrawn.')
  });
  const discard = useMutation({
    mutationFn: () => client.authoring.discard(version.version),
    onSuccess: done('Discarded.')
  });
  const failed = [publish, withdraw, discard].find(({ isError }) => isError);
  return (
    <li className="Version" data-caseloop="version" data-state={version.state} data-number={version.number}>
      <div>
        <p className="Version-name">
          <strong>{version.number === null ? 'Not published yet' : `Number ${version.number}`}</strong>
          <span className="Pill" data-version={version.state}>
            {VERSION_STATES[version.state]}
          </span>
          <code className="dim">{short(version.version)}</code>
        </p>
        <p className="dim">
          {version.number === null ? 'Checked' : 'Published'} {moment(version.at)}
          {version.by && ` by ${version.by}`}
          {version.learners !== null && version.number !== null && ` · ${several(version.learners, 'learner')} on it`}
        </p>
        {version.state === 'withdrawn' && (
          <p>
            Withdrawn by {version.withdrawn_by}: {version.reason}
          </p>
        )}
        {failed && <Problem reason={failed.error} />}
      </div>
      <div className="Version-ways">
        {version.state === 'checked' && (
          <>
            <button
              type="button"
              className="Button is-primary"
              data-caseloop="publish"
              disabled={publish.isPending}
              onClick={() => publish.mutate()}
            >
              Publish
            </button>
            <button type="button" className="Button" data-caseloop="discard" onClick={() => discard.mutate()}>
              Discard
            </button>
          </>
        )}
        {(version.state === 'older' || version.state === 'withdrawn') && (
          <button
            type="button"
            className="Button"
            data-caseloop="roll-back"
            disabled={publish.isPending}
            onClick={() => publish.mutate()}
          >
            Make it current again
          </button>
        )}
        {(version.state === 'current' || version.state === 'older') && (
          <button type="button" className="Button is-danger" data-caseloop="withdraw" onClick={() => setAsking(true)}>
            Withdraw
          </button>
        )}
      </div>
      {asking && (
        <WithdrawDialog version={version} close={() => setAsking(false)} withdraw={reason => withdraw.mutate(reason)} />
      )}
    </li>
  );
}

interface WithdrawProps {
  version: CaseVersion;
  close: () => void;
  withdraw: (reason: string) => void;
}

function WithdrawDialog({ version, close, withdraw }: WithdrawProps) {
  const [reason, setReason] = useState('');
  return (
    <Dialog title={`Withdraw number ${version.number}?`} name="withdraw-dialog" onClose={close}>
      <p>
        Nobody new gets it. {version.learners ? `The ${several(version.learners, 'learner')} on it` : 'Those on it'} keep
        their work and stay on it until they choose to move.
      </p>
      <form
        className="Withdraw"
        onSubmit={event => {
          event.preventDefault();
          withdraw(reason.trim());
        }}
      >
        <label>
          <span>Why</span>
          <input
            data-caseloop="withdraw-reason"
            value={reason}
            maxLength={2000}
            required
            onChange={event => setReason(event.target.value)}
          />
        </label>
        <button type="submit" className="Button is-danger" data-caseloop="withdraw-now" disabled={!reason.trim()}>
          Withdraw
        </button>
      </form>
    </Dialog>
  );
}
