import type { Cell, Place } from '../api/types';
import { Section } from '../parts/section';
import type { Style } from './help';
import { placeName } from './places';

interface Props {
  report: Style | null;
  cells: Cell[];
  onPlace: (place: Place) => void;
}

export function StyleReport({ report, cells, onPlace }: Props) {
  if (!report) {
    return null;
  }
  return (
    <Section title="Style" name="style-report">
      {report.findings.length === 0 ? (
        <p className="dim">The style review has nothing to say.</p>
      ) : (
        <ul className="Plain">
          {report.findings.map((finding, index) => (
            <li key={index} className="StyleFinding" data-severity={finding.severity}>
              <span>
                {finding.message} <code>{finding.rule}</code>
              </span>
              <button type="button" className="Link" onClick={() => onPlace(finding.place)}>
                {placeName(finding.place, cells)}
              </button>
            </li>
          ))}
        </ul>
      )}
      {report.dropped > 0 && <p className="dim">{report.dropped} more are not shown.</p>}
    </Section>
  );
}
