/** One line of words in which `names` are set as code; everything else stays as it is. */
export function Inline({ text }: { text: string }) {
  const parts = text.split(/`([^`\n]+)`/);
  return parts.map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}
