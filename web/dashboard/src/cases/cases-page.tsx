import { useQuery } from '@tanstack/react-query';
import type { CaseSummary } from '../api/desk-types';
import type { CaseVersion, UploadView } from '../api/authoring-types';
import { useDesk } from '../app/desk';
import { type Route, address } from '../app/router';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { ago, moment } from '../parts/time';
import { DropZone } from './drop-zone';
import { VersionsPage } from './versions-page';
import { UPLOAD_STATES, short } from './words';

/** Milliseconds after which the page looks again. */
const LOOK = 5_000;
const SHOWN_UPLOADS = 8;

export default function CasesPage({ route }: { route: Route }) {
  const { me } = useDesk();
  const [name] = route.args;
  if (!me.roles.includes('admin')) {
    return (
      <div className="Page">
        <Empty title="Cases are for admins">Ask an administrator of Caseloop to upload or publish a case.</Empty>
      </div>
    );
  }
  return name ? <VersionsPage key={name} name={name} query={route.query} /> : <Shelf />;
}

function Shelf() {
  useTitle('Cases');
  const { client } = useDesk();
  const cases = useQuery({ queryKey: ['cases'], queryFn: () => client.cases(), refetchInterval: LOOK });
  const waiting = useQuery({
    queryKey: ['waiting'],
    queryFn: () => client.authoring.waiting(),
    refetchInterval: LOOK
  });
  const uploads = useQuery({
    queryKey: ['uploads'],
    queryFn: () => client.authoring.uploads(),
    refetchInterval: LOOK
  });
  const failed = [cases, waiting, uploads].find(({ isError }) => isError);
  return (
    <div className="Page" data-caseloop="cases">
      <header className="Page-head">
        <h1>Cases</h1>
      </header>
      <DropZone />
      {failed && <Problem reason={failed.error} retry={() => void failed.refetch()} />}
      {waiting.data && waiting.data.length > 0 && <Waiting versions={waiting.data} />}
      <Section title="Published" name="published">
        {cases.isPending && <Loading what="the cases" />}
        {cases.data?.length === 0 && <p className="dim">No case is published yet.</p>}
        {cases.data && cases.data.length > 0 && <Published cases={cases.data} />}
      </Section>
      {uploads.data && uploads.data.length > 0 && <Uploads uploads={uploads.data.slice(0, SHOWN_UPLOADS)} />}
    </div>
  );
}

function Waiting({ versions }: { versions: CaseVersion[] }) {
  return (
    <Section title="Ready to publish" name="waiting">
      <ul className="Plain Rows">
        {versions.map(version => (
          <li key={version.version} data-caseloop="waiting-version" data-case={version.case}>
            <a href={address('cases', [version.case])}>{version.title}</a>
            <span className="dim">
              checked {ago(version.at)}
              {version.by && ` for ${version.by}`}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Published({ cases }: { cases: CaseSummary[] }) {
  return (
    <div className="TableScroll">
      <table className="Table">
        <thead>
          <tr>
            <th scope="col">Case</th>
            <th scope="col">Number</th>
            <th scope="col">Subtasks</th>
            <th scope="col">Published</th>
            <th scope="col">Version</th>
          </tr>
        </thead>
        <tbody>
          {cases.map(one => (
            <tr key={one.id} data-caseloop="case-row" data-case={one.id}>
              <th scope="row">
                <a href={address('cases', [one.id])}>{one.title}</a>
              </th>
              <td>{one.number}</td>
              <td>{one.subtasks}</td>
              <td>{moment(one.published)}</td>
              <td>
                <code>{short(one.version)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Uploads({ uploads }: { uploads: UploadView[] }) {
  return (
    <Section title="Last uploads" name="uploads">
      <ul className="Plain Rows">
        {uploads.map(upload => (
          <li key={upload.id} data-caseloop="upload-row" data-state={upload.state}>
            <a href={address('upload', [upload.id])}>{upload.name}</a>
            <span className="Pill" data-upload={upload.state}>
              {UPLOAD_STATES[upload.state]}
            </span>
            <span className="dim">
              {upload.by}, {ago(upload.begun)}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
