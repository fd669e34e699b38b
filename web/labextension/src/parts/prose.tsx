import * as React from 'react';

/** Text with its line breaks, its `code` and its **stress** shown as such. Nothing in it is ever read as HTML. */
export function Lines({ text }: { text: string }): JSX.Element {
  return (
    <>
      {text.split(/(`[^`\n]+`)/).map((part, index) =>
        index % 2 ? <code key={index}>{part.slice(1, -1)}</code> : <Stressed key={index} text={part} />
      )}
    </>
  );
}

/** `**kwargs` of a sentence about code stays as it is: stress begins and ends at a word. */
function Stressed({ text }: { text: string }): JSX.Element {
  return (
    <>
      {text.split(/(?<![\w*])\*\*(\w[^*\n]*?[^\s*]|\w)\*\*(?![\w*])/).map((part, index) =>
        index % 2 ? <strong key={index}>{part}</strong> : <React.Fragment key={index}>{part}</React.Fragment>
      )}
    </>
  );
}

/** Longer text: paragraphs, and fenced code as a block. */
export function Prose({ text }: { text: string }): JSX.Element {
  return (
    <div className="caseloop-Prose">
      {blocks(text).map((block, index) =>
        block.code ? (
          <pre key={index} tabIndex={0} aria-label="Code">
            {block.text}
          </pre>
        ) : (
          <p key={index}>
            <Lines text={block.text} />
          </p>
        )
      )}
    </div>
  );
}

/** Paragraphs and code blocks of a text; a block that is still being written ends where the text does. */
export function blocks(text: string): { code: boolean; text: string }[] {
  return text
    .split(/^```[^\n`]*\n([\s\S]*?)(?:\n```[ \t]*$|$(?![\s\S]))/m)
    .flatMap((part, index) =>
      index % 2
        ? [{ code: true, text: part }]
        : part.split(/\n{2,}/).map(paragraph => ({ code: false, text: paragraph.trim() }))
    )
    .filter(block => block.text !== '');
}
