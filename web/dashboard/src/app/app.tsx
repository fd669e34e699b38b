import { useQuery } from '@tanstack/react-query';
import { type ComponentType, Suspense, lazy, useEffect } from 'react';
import { DeskClient } from '../api/client';
import { Loading, Problem } from '../parts/notice';
import { QueuePage } from '../queue/queue-page';
import { Announcer } from './announcer';
import { Boundary } from './boundary';
import { DeskContext } from './desk';
import { Frame, answers } from './frame';
import { type Route, address, go, useRoute } from './router';
import { Shortcuts } from './shortcuts';

const EscalationPage = lazy(() => import('../escalation/escalation-page'));
const ReplayPage = lazy(() => import('../replay/replay-page'));
const MemoryPage = lazy(() => import('../memory/memory-page'));
const ClassPage = lazy(() => import('../class/class-page'));
const LearnerPage = lazy(() => import('../class/learner-page'));
const LearnerReplayPage = lazy(() => import('../class/learner-replay-page'));
const CasesPage = lazy(() => import('../cases/cases-page'));
const UploadPage = lazy(() => import('../cases/upload-page'));
const MeasuresPage = lazy(() => import('../measures/measures-page'));
const RunsPage = lazy(() => import('../quality/runs-page'));
const RunPage = lazy(() => import('../quality/run-page'));
const SamplePage = lazy(() => import('../quality/sample-page'));
const ComparePage = lazy(() => import('../quality/compare-page'));
const LabelsPage = lazy(() => import('../quality/labels-page'));

const PAGES: Record<string, ComponentType<{ route: Route }>> = {
  queue: ({ route }) => {
    const [id, part, session] = route.args;
    if (!id) {
      return <QueuePage route={route} />;
    }
    return part === 'replay' && session ? (
      <ReplayPage key={session} id={id} session={session} />
    ) : (
      <EscalationPage key={id} id={id} />
    );
  },
  memory: MemoryPage,
  class: ClassPage,
  learner: ({ route }) => {
    const [name, learner, part, session] = route.args;
    const step = route.query.get('step');
    if (!name || !learner) {
      return <Nowhere />;
    }
    return part === 'replay' && session ? (
      <LearnerReplayPage key={session} name={name} learner={learner} session={session} step={step ?? ''} />
    ) : (
      <LearnerPage key={`${name}/${learner}`} name={name} learner={learner} step={step} />
    );
  },
  measures: MeasuresPage,
  cases: CasesPage,
  upload: ({ route }) => <UploadPage key={route.args[0]} id={route.args[0] ?? ''} />,
  runs: ({ route }) => {
    const [run, part] = route.args;
    if (!run) {
      return <RunsPage route={route} />;
    }
    return part === 'sample' ? (
      <SamplePage key={route.query.get('id')} run={run} query={route.query} />
    ) : (
      <RunPage key={run} run={run} query={route.query} />
    );
  },
  compare: ComparePage,
  labels: LabelsPage
};

const client = new DeskClient(new URL('.', document.baseURI).href);

export function App() {
  const me = useQuery({ queryKey: ['me'], queryFn: () => client.me(), staleTime: Infinity, retry: false });
  const route = useRoute();
  if (me.isPending) {
    return <Loading what="your desk" />;
  }
  if (me.isError) {
    return (
      <main className="Alone">
        <h1>Mentors’ desk</h1>
        <Problem reason={me.error} retry={() => me.refetch()} />
      </main>
    );
  }
  // The queue is where everybody begins; QA has none.
  const lost = route.name === 'queue' && !answers(me.data);
  const Page = lost ? ToRuns : (PAGES[route.name] ?? Nowhere);
  return (
    <DeskContext.Provider value={{ client, me: me.data }}>
      <Announcer>
        <Shortcuts>
          <Frame>
            <Boundary key={`${route.name}/${route.args.join('/')}`}>
              <Suspense fallback={<Loading what="the page" />}>
                <Page route={route} />
              </Suspense>
            </Boundary>
          </Frame>
        </Shortcuts>
      </Announcer>
    </DeskContext.Provider>
  );
}

function ToRuns() {
  useEffect(() => go(address('runs'), true), []);
  return null;
}

function Nowhere() {
  return (
    <div className="Page">
      <h1>There is no such page</h1>
      <p>
        The address may be from an older version. <a href="#/queue">Go to the queue</a>
      </p>
    </div>
  );
}
