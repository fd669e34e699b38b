import type { WeekFigures } from '../api/mentoring-types';
import { day, duration } from '../parts/time';
import { percent, withoutMentor } from './shares';

const HEIGHT = 120;
const WIDTH = 56;
const BAR = 16;

/** The weeks of a period: bars to look at, and the same weeks as a table to read. */
export function Weeks({ weeks }: { weeks: WeekFigures[] }) {
  if (!weeks.some(week => week.escalated || week.remembered || week.answered || week.judged)) {
    return null;
  }
  return (
    <section className="Weeks" aria-labelledby="weeks-title" data-caseloop="weeks">
      <h2 id="weeks-title">Week by week</h2>
      <Bars weeks={weeks} />
      <Rows weeks={weeks} />
    </section>
  );
}

function Bars({ weeks }: { weeks: WeekFigures[] }) {
  const most = Math.max(1, ...weeks.flatMap(({ escalated, remembered }) => [escalated, remembered]));
  const height = (count: number) => (count ? Math.max(2, (count / most) * HEIGHT) : 0);
  return (
    <figure className="Bars">
      <figcaption>
        <span className="Bars-key is-asked">questions to mentors</span>
        <span className="Bars-key is-spared">remembered answers given instead</span>
      </figcaption>
      {/* The table below says the same in words, so whoever cannot see the bars misses nothing. */}
      <div className="Bars-scroll" aria-hidden="true">
        <svg width={weeks.length * WIDTH} height={HEIGHT + 42} viewBox={`0 0 ${weeks.length * WIDTH} ${HEIGHT + 42}`}>
          <line className="Bars-ground" x1={0} x2={weeks.length * WIDTH} y1={HEIGHT + 20.5} y2={HEIGHT + 20.5} />
          {weeks.map(({ begins, escalated, remembered }, n) => (
            <g key={begins} transform={`translate(${n * WIDTH + WIDTH / 2} ${HEIGHT + 20})`} data-caseloop="week-bars">
              <Bar x={-BAR - 1} height={height(escalated)} count={escalated} name="is-asked" />
              <Bar x={1} height={height(remembered)} count={remembered} name="is-spared" />
              <text className="Bars-week" y={16}>
                {day(begins)}
              </text>
            </g>
          ))}
        </svg>
      </div>
    </figure>
  );
}

interface BarProps {
  x: number;
  height: number;
  count: number;
  name: string;
}

function Bar({ x, height, count, name }: BarProps) {
  return (
    <>
      <rect className={name} x={x} y={-height} width={BAR} height={height} rx={2} />
      {count > 0 && (
        <text x={x + BAR / 2} y={-height - 5}>
          {count}
        </text>
      )}
    </>
  );
}

function Rows({ weeks }: { weeks: WeekFigures[] }) {
  return (
    <div className="TableScroll" tabIndex={0} role="region" aria-label="Measures by week">
      <table className="Table">
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col" className="number">
              Failing
            </th>
            <th scope="col" className="number">
              Asked a mentor
            </th>
            <th scope="col" className="number">
              Without a mentor
            </th>
            <th scope="col" className="number">
              First answer after
            </th>
            <th scope="col" className="number">
              Remembered given
            </th>
            <th scope="col" className="number">
              Minutes saved
            </th>
            <th scope="col" className="number">
              Hints helped
            </th>
            <th scope="col" className="number">
              Mentors helped
            </th>
            <th scope="col" className="number">
              Remembered helped
            </th>
          </tr>
        </thead>
        <tbody>
          {weeks.map(week => (
            <tr key={week.begins} data-caseloop="week">
              <th scope="row">{day(week.begins)}</th>
              <td className="number">{week.judged ?? '–'}</td>
              <td className="number">{week.escalated}</td>
              <td className="number">{percent(withoutMentor(week))}</td>
              <td className="number">
                {week.first_answer_seconds_median === null ? '–' : duration(week.first_answer_seconds_median)}
              </td>
              <td className="number">{week.remembered}</td>
              <td className="number">{Math.round(week.minutes_saved)}</td>
              <td className="number">{percent(week.hints_helpful_share)}</td>
              <td className="number">{percent(week.helpful_share)}</td>
              <td className="number">{percent(week.remembered_helpful_share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
