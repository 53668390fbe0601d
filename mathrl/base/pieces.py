"""Pieces of kernels: functions that numba compiles into the kernels that call them, and nowhere else.

Left to itself numba makes machine code of every function that a kernel calls, with a wrapper for callers from Python,
and optimises it again in each of its callers, and in theirs. A piece has neither machine code nor a wrapper, and is
optimised once for each kernel, inside it. The results are the same bit for bit: no pass changes what is rounded.

The classes below use numba's own compiler, whose names may change from version to version: see
docs/decisions/013-compiling-once.md.
"""

# mypy: allow-untyped-calls, allow-subclassing-any, allow-untyped-decorators
# numba's compiler has no types

import gc
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numba
from llvmlite.binding import Linkage  # type: ignore[import-untyped]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags
from numba.core.compiler_machinery import FunctionPass, LoweringPass, PassManager, register_pass
from numba.core.typed_passes import NativeLowering
from numba.core.untyped_passes import TranslateByteCode

__all__ = ["WholeCompiler", "piece"]


def piece(function: Callable[..., Any], alone: Callable[[], Any], **options: Any) -> Callable[..., Any]:
    """`function`, compiled into each kernel that calls it; a call from Python is one of the kernel `alone()`."""
    made: Any = numba.njit(pipeline_class=_PieceCompiler, **options)(function)
    if made is not function:  # it is where NUMBA_DISABLE_JIT is set
        made._insert = _leave_out
        kernel = cache(alone)
        made._compile_for_args = lambda *_, **__: kernel()
    return cast(Callable[..., Any], made)


def _leave_out(*_: Any) -> None:
    """What is compiled for kernels is not offered to Python."""


class _Library(JITCodeLibrary):
    """The code of a piece, to be linked into kernels: neither optimised by itself nor made machine code.

    What it calls is not linked into it, but into the kernels, once for each.
    """

    def finalize(self) -> None:
        """Say that no more code comes; what others may call is for the kernels to keep or to drop."""
        self._finalize_dynamic_globals()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.external:
                function.linkage = Linkage.linkonce_odr
        self._shared_module = self._final_module
        self._finalized = True

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout


class _WholeLibrary(JITCodeLibrary):
    """The code of a kernel. What is linked into it is its own: unused arguments go, and what is called once is inlined.

    Left to itself numba keeps linked functions as others might call them.
    """

    def add_linking_library(self, library: Any) -> None:
        """Take what the kernel calls, and what that calls."""
        super().add_linking_library(library)
        if isinstance(library, _Library):
            for called in library._linking_libraries:
                if called not in self._linking_libraries:
                    self.add_linking_library(called)

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if function.linkage == Linkage.linkonce_odr:
                function.linkage = Linkage.internal
        if any(function.name == "NRT_incref" for function in self._final_module.functions):
            super()._optimize_final_module()
        else:  # the first of its two rounds serves to count arrays less often
            passes, builder = self._codegen._module_pass_manager()
            passes.run(self._final_module, builder)


@register_pass(mutates_CFG=False, analysis_only=True)
class _BeginWhole(FunctionPass):
    """Give the function the library of a kernel."""

    _name = "mathrl_begin_whole"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        state.library = _WholeLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return False


class WholeCompiler(Compiler):
    """numba's compiler, for kernels. While it works no garbage is collected: it leaves little, and makes much else."""

    def compile_extra(self, function: Callable[..., Any]) -> Any:
        """Compile the function, with the pieces that it calls."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            return super().compile_extra(function)
        finally:
            if collecting:
                gc.enable()

    def define_pipelines(self) -> list[PassManager]:
        """numba's passes, and one more."""
        (passes,) = super().define_pipelines()
        passes.add_pass_after(_BeginWhole, TranslateByteCode)
        passes.finalize()
        return [passes]


@register_pass(mutates_CFG=False, analysis_only=True)
class _Begin(FunctionPass):
    """Give the function the library of a piece."""

    _name = "mathrl_begin_piece"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        return False


@register_pass(mutates_CFG=True, analysis_only=False)
class _Offer(LoweringPass):
    """Offer the piece to kernels, which know it by an object of its own."""

    _name = "mathrl_offer_piece"

    def __init__(self) -> None:
        LoweringPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        known_by = _Known()
        state["cr"] = state["cr"]._replace(cfunc=known_by)
        state.targetctx.insert_user_function(known_by, state["cr"].fndesc, [state.library])
        state.reload_init.extend(state.library._reload_init)
        return True


class _Known:
    """Stands for one compiled piece."""


class _Flags(Flags):
    """numba's flags, compared by those that were set: numba compares them anew at each operation that it types."""

    __slots__ = ()

    def __hash__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Flags) and self._values == other._values


_NEEDLESS = frozenset(
    {
        "WithLifting",
        "InlineClosureLikes",
        "RewriteSemanticConstants",
        "DeadBranchPrune",
        "RewriteDynamicRaises",
        "MakeFunctionToJitFunction",
        "InlineInlinables",
        "FindLiterallyCalls",
        "LiteralUnroll",
        "LiteralPropagationSubPipelinePass",
        "InlineOverloads",
        "NopythonRewrites",
    }
)
"""numba's passes for what no piece has: blocks of `with`, closures, branches on types, literals, array expressions."""


class _PieceCompiler(Compiler):
    """numba's compiler, up to where machine code would be made."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        flags: Any = _Flags(self.state.flags)
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        self.state.flags = flags

    def define_pipelines(self) -> list[PassManager]:
        """numba's passes without the needless ones, and two more."""
        (passes,) = super().define_pipelines()
        passes.passes = [step for step in passes.passes if step[0].__name__ not in _NEEDLESS]
        passes.add_pass_after(_Begin, TranslateByteCode)
        passes.add_pass_after(_Offer, NativeLowering)
        passes.finalize()
        return [passes]
