import { useQuery } from '@tanstack/react-query';
import type { EvaluatedSample } from '../api/quality-types';
import { useDesk } from '../app/desk';
import { address } from '../app/router';
import { useTitle } from '../app/use-title';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { VERDICTS } from '../parts/words';
import { CodeCells } from './code-cells';
import { Given, PlaceOf } from './given';
import { Opinions } from './opinions';
import { EFFECTS, plain, share } from './words';

interface Props {
  run: string;
  query: URLSearchParams;
}

/** One sample: the code on one side, what was expected and said on the other. */
export default function SamplePage({ run, query }: Props) {
  const id = query.get('id') ?? '';
  const against = query.get('against') ?? '';
  useTitle(`Sample ${id}`);
  const { client } = useDesk();
  const sample = useQuery({
    queryKey: ['sample', run, id, against],
    queryFn: () => client.quality.sample(run, id, against)
  });
  return (
    <div className="Page is-wide" data-caseloop="sample" data-sample={id}>
      <a className="Back" href={address('runs', [run], against ? { against, changed: 'yes' } : {})}>
        ‹ {run}
      </a>
      <header className="Page-head">
        <div>
          <h1 className="Long">{id}</h1>
          {sample.data && <Facts sample={sample.data} />}
        </div>
      </header>
      {sample.isPending && <Loading what="the sample" />}
      {sample.isError && <Problem reason={sample.error} retry={() => void sample.refetch()} />}
      {sample.data && <Sides sample={sample.data} />}
    </div>
  );
}

function Facts({ sample }: { sample: EvaluatedSample }) {
  return (
    <p className="dim Facts-line">
      <span>
        {sample.case}, {sample.subtask}
      </span>
      <span className="Pill">{sample.source}</span>
      {sample.tags.map(tag => (
        <span className="Pill" key={tag}>
          {tag}
        </span>
      ))}
      {sample.effect && (
        <span className="Pill" data-change={sample.effect}>
          {EFFECTS[sample.effect]}
        </span>
      )}
    </p>
  );
}

function Sides({ sample }: { sample: EvaluatedSample }) {
  const said = [...sample.problems, ...sample.answer.words, ...(sample.before?.words ?? [])];
  const named = [sample.subtask, ...said.map(({ cell }) => cell)];
  return (
    <div className="Stack">
      {sample.contaminated && (
        <p className="Notice" data-caseloop="contaminated">
          It counts in no figure: {sample.contaminated}
        </p>
      )}
      <div className="Sides">
        <Section title="The learner’s code" name="code">
          <CodeCells cells={sample.cells} named={named} />
        </Section>
        <div className="Stack">
          <Expected sample={sample} />
          {sample.before && (
            <Section title={`Said in ${sample.before.run}`} name="answer-before">
              <Given answer={sample.before} />
            </Section>
          )}
          <Section title={sample.before ? `Said in ${sample.run}` : 'Said'} name="answer">
            <Given answer={sample.answer} />
          </Section>
        </div>
      </div>
      <Scores sample={sample} />
      <Opinions run={sample.run} sample={sample.id} opinions={sample.opinions} />
    </div>
  );
}

function Expected({ sample }: { sample: EvaluatedSample }) {
  const nothing = !sample.expected && !sample.problems.length && !sample.must_not_say.length;
  return (
    <Section title="What a good mentor would say" name="expected">
      <div className="Given">
        {sample.expected && (
          <p>
            <span className="Pill" data-verdict={sample.expected}>
              {VERDICTS[sample.expected]}
            </span>
          </p>
        )}
        {sample.problems.length > 0 && (
          <ul>
            {sample.problems.map((problem, index) => (
              <li key={index}>
                <span className="dim">Problem</span>
                <div>
                  {problem.about} <PlaceOf {...problem} />
                </div>
              </li>
            ))}
          </ul>
        )}
        {sample.must_not_say.length > 0 && <p>Never: {sample.must_not_say.map(words => `«${words}»`).join(', ')}</p>}
        {nothing && <p className="dim">Nobody has said what is right here.</p>}
      </div>
    </Section>
  );
}

function Scores({ sample }: { sample: EvaluatedSample }) {
  if (!sample.scores.length) {
    return null;
  }
  return (
    <Section title="Scores" name="sample-scores">
      <div className="TableScroll" tabIndex={0} role="region" aria-label="Scores of the sample">
        <table className="Table">
          <thead>
            <tr>
              <th scope="col">Score</th>
              {sample.before && (
                <th scope="col" className="number">
                  Before
                </th>
              )}
              <th scope="col" className="number">
                {sample.before ? 'After' : 'Value'}
              </th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {sample.scores.map(score => (
              <tr key={score.name} data-caseloop="sample-score" data-score={score.name}>
                <th scope="row">{plain(score.name)}</th>
                {sample.before && <td className="number">{share(score.before)}</td>}
                <td className="number">{share(score.value)}</td>
                <td className="Wraps Reasons">{score.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
