import { useQuery } from '@tanstack/react-query';
import { useDesk } from '../app/desk';

interface Props {
  chosen: string;
  step: string;
  /** Another case has other steps: with it none is chosen. */
  onChange: (chosen: string, step: string) => void;
}

/** Choice of a case and, within it, of a step. */
export function StepFilters({ chosen, step, onChange }: Props) {
  const { client } = useDesk();
  const cases = useQuery({ queryKey: ['cases'], queryFn: () => client.cases(), staleTime: 60_000 });
  const titles = useQuery({
    queryKey: ['steps', chosen],
    queryFn: () => client.steps(chosen),
    staleTime: 60_000,
    enabled: chosen !== ''
  });
  const steps = Object.entries(titles.data ?? {});
  return (
    <>
      <label>
        <span>Case</span>
        <select data-caseloop="filter-case" value={chosen} onChange={event => onChange(event.target.value, '')}>
          <option value="">All cases</option>
          {cases.data?.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {chosen !== '' && (
        <label>
          <span>Step</span>
          <select data-caseloop="filter-step" value={step} onChange={event => onChange(chosen, event.target.value)}>
            <option value="">All steps</option>
            {/* One of an older version has no title any more. */}
            {step !== '' && !steps.some(([id]) => id === step) && <option value={step}>{step}</option>}
            {steps.map(([id, title]) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}
