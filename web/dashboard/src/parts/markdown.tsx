import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';

/** No picture is ever fetched (it would tell its owner who reads what), and a link opens outside of the desk. */
const COMPONENTS: Components = {
  a: ({ href, children }) =>
    href ? (
      <a href={href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  img: ({ alt }) => <span className="Markdown-picture">[picture: {alt || 'without words'}]</span>,
  h1: 'h4',
  h2: 'h4',
  h3: 'h4'
};

/** Markdown with tables as React elements: HTML in it stays text, and only web and mail addresses become links. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className="Markdown">
      <ReactMarkdown components={COMPONENTS} remarkPlugins={[remarkGfm]} urlTransform={safe}>
        {text}
      </ReactMarkdown>
    </div>
  );
}

/** The address itself when it is absolute and of a harmless kind, else nothing. */
export function safe(url: string): string {
  return /^(https?:\/\/|mailto:)/i.test(url) ? url : '';
}
