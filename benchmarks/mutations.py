"""Small mistakes that can be made in a file of the package: what `benchmarks.mutants` draws from."""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Mutant:
    """One change: `before` becomes `after` at bytes `start` to `end` of the file `path`."""

    path: Path
    line: int
    start: int
    end: int
    kind: str
    before: str
    after: str
    name: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]

    def __str__(self) -> str:
        where = f"{self.path.relative_to(ROOT)}:{self.line}"
        return f"{self.name} {where} {self.kind}: {_one_line(self.before)}  →  {_one_line(self.after)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


FLIPPED = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}
TURNED = {ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<", ast.Eq: "!=", ast.NotEq: "=="}
SWAPPED = {"max": "min", "min": "max", "argmax": "argmin", "maximum": "minimum", "minimum": "maximum", "log": "exp"}


def changes(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Each mistake that can be made at a node of the syntax tree: its kind, and what stands there then."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in FLIPPED and not isinstance(left, ast.List | ast.Tuple):
            one, other = ast.unparse(left), ast.unparse(right)
            yield "operator flipped", f"(({one}) {FLIPPED[type(op)]} ({other}))"
            yield "term dropped", f"({one})"
            if isinstance(op, ast.Sub | ast.Div):
                yield "sides swapped", f"(({other}) {'-' if isinstance(op, ast.Sub) else '/'} ({one}))"
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign dropped", f"({ast.unparse(operand)})"
        case ast.Compare(left, [op], [right]) if type(op) in TURNED:
            yield "condition turned", f"({ast.unparse(left)} {TURNED[type(op)]} {ast.unparse(right)})"
        case ast.Constant(value) if type(value) is int:
            yield "off by one", f"({value + 1})"
        case ast.Constant(value) if type(value) is float and value not in (0.0, float("inf")):
            yield "constant doubled", repr(2 * value)
        case ast.Name("discount", ast.Load()) | ast.Attribute(_, "discount", ast.Load()):
            yield "another power of the discount", f"({ast.unparse(node)} ** 2)"
        case ast.Name("temperature" | "agent", ast.Load()):
            yield "argument ignored", "(1.0)" if node.id == "temperature" else "(0)"
        case ast.Attribute(_, name, ast.Load()) if name in SWAPPED:
            yield "function swapped", ast.unparse(node).removesuffix(name) + SWAPPED[name]
        case ast.Subscript(value, ast.Slice(None, None, ast.UnaryOp())) if "-1" in ast.unparse(node.slice):
            yield "order not turned", ast.unparse(value)


class Places(ast.NodeVisitor):
    """All mutants of one file: in what its functions compute, not in what they refuse, say or annotate."""

    def __init__(self, path: Path) -> None:
        self.path, self.source = path, path.read_bytes()
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.function, self.found, self.seen = "", [], {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self.function = self.function, f"{self.function}.{node.name}"
        for statement in node.body:
            self.visit(statement)
        self.function = outer

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                self.visit(statement)

    def visit_If(self, node: ast.If) -> None:
        if not isinstance(node.body[0], ast.Raise):
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None: ...
    def visit_JoinedStr(self, node: ast.JoinedStr) -> None: ...
    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func).rpartition(".")[2] not in ("fail", "refuse", "cast"):
            self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        if self.function and isinstance(node, ast.expr):
            self._add(node)
        super().generic_visit(node)

    def _add(self, node: ast.expr) -> None:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        before = self.source[start:end].decode()
        for kind, after in changes(node):
            key = f"{self.path.parent.stem} {self.path.stem}{self.function} {kind} {_one_line(before)}"
            self.seen[key] = self.seen.get(key, 0) + 1
            name = hashlib.sha256(f"{key} {self.seen[key]}".encode()).hexdigest()[:8]
            self.found.append(Mutant(self.path, node.lineno, start, end, kind, before, after, name))


def of_file(path: Path) -> list[Mutant]:
    places = Places(path)
    for statement in ast.parse(places.source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            places.visit(statement)
    return places.found
