import type { Cell, Feedback, Finding, Place } from '../api/types';
import { Inline } from '../parts/inline';
import { Section } from '../parts/section';
import { moment } from '../parts/time';
import { VERDICTS } from '../parts/words';
import { FindingItem } from './finding-item';

interface Props {
  feedback: Feedback;
  number: number;
  cells: Cell[];
  onPlace: (place: Place) => void;
}

/** What the check found, with the facts it rests on, which learners never see. */
export function Facts({ feedback, number, cells, onPlace }: Props) {
  const failed = feedback.checks.filter(check => !check.passed).length;
  return (
    <Section
      title="What the check found"
      name="facts"
      aside={
        <span className="Pill" data-verdict={feedback.verdict}>
          {VERDICTS[feedback.verdict]} · {feedback.points}/{feedback.max_points}
        </span>
      }
    >
      <p className="Headline">
        <Inline text={feedback.headline} />
      </p>
      <p className="dim">
        Version {number}
        {feedback.checks.length > 0 && ` · ${failed} of ${feedback.checks.length} checks failed`}
        {feedback.repairs.length > 0 && ` · ${feedback.repairs.join(' ')}`}
      </p>
      <ul className="Plain">
        {feedback.findings.map(finding => (
          <FindingItem key={finding.id} finding={finding} cells={cells} name="finding" onPlace={onPlace}>
            <Shown finding={finding} />
          </FindingItem>
        ))}
      </ul>
      {feedback.remarks.map((remark, index) => (
        <p key={index}>
          <Inline text={remark} />
        </p>
      ))}
    </Section>
  );
}

/** What the learner was told besides, and how sure the check is. */
function Shown({ finding }: { finding: Finding }) {
  return (
    <>
      {finding.mentor && (
        <p className="Quote">
          The learner was shown
          {finding.mentor_name ? ` ${finding.mentor_name}’s answer` : ' the author’s words'}
          {finding.mentor_wrote && ` of ${moment(finding.mentor_wrote)}`}: «{finding.mentor}»
        </p>
      )}
      {finding.confidence < 0.5 && <p className="dim">The check is not sure of this one.</p>}
    </>
  );
}
