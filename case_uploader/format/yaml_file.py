"""Read a small YAML file of an author: no tags, no aliases (they can explode), no duplicate keys."""

from pathlib import Path
from typing import Any

import yaml

from case_uploader.format.problem import Problems

MAX_YAML_BYTES = 512 * 1024


class _AuthorYaml(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, "aliases (*name) are not supported: write the value out", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is written twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, file: str, problems: Problems) -> Any:
    """The parsed content, or None after recording why there is none (an empty file is None too)."""
    text = read_text(path, file, MAX_YAML_BYTES, problems)
    if text is None:
        return None
    try:
        # A subclass of SafeLoader: only plain data is ever constructed.
        return yaml.load(text, Loader=_AuthorYaml)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else None
        problems.add("yaml-syntax", f"not readable as YAML: {error.problem or error.context}", file=file, cell=where)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problems.add("yaml-syntax", f"not readable as YAML: {str(error).splitlines()[0]}", file=file)
    return None


def read_text(path: Path, file: str, max_bytes: int, problems: Problems) -> str | None:
    """The file's text as UTF-8 with unix line ends, or None after recording why not."""
    if path.is_symlink() or not path.is_file():
        problems.add("file-unreadable", "is not a regular file", file=file)
        return None
    size = path.stat().st_size
    if size > max_bytes:
        problems.add("file-too-big", f"has {size:,} bytes; at most {max_bytes:,} are read", file=file)
        return None
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        problems.add("not-utf8", f"is not UTF-8 text (byte {error.start}); save it as UTF-8", file=file)
    except OSError as error:
        problems.add("file-unreadable", f"could not be read: {error.strerror}", file=file)
    return None
