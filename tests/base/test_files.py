"""What is written: whole or not at all, with the mode of what it replaces, through links, into pipes."""

import os
import stat
import subprocess
import sys
import threading

import pytest

from mathrl.base.checks import InvalidInput
from mathrl.base.files import remove_leftovers, write_bytes, write_text


class Interrupted(KeyboardInterrupt):
    pass


@pytest.mark.parametrize(("error", "raised"), [(OSError(28, "No space"), InvalidInput), (Interrupted(), Interrupted)])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_everything_as_it_was(error, raised, step, tmp_path, monkeypatch):
    path = tmp_path / "kept.txt"
    write_text(path, "before")

    def stop(*arguments):
        raise error

    monkeypatch.setattr(os, step, stop)
    with pytest.raises(raised):
        write_text(path, "after")
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".", "is a folder"),
        ("none/x.txt", "folder that does not exist"),
        ("kept.txt/x", "folder that does not exist"),
        ("n" * 300, "name too long"),
        ("a\0b", "null byte"),
        ("\udc80\ud800", "surrogates"),
        ("loop", "symbolic links"),
    ],
)
def test_what_no_file_can_be_written_to_is_refused(name, message, tmp_path):
    write_text(tmp_path / "kept.txt", "kept")
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InvalidInput, match=message):
        write_text(tmp_path / name, "text")
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_takes_no_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # a read-only folder, also for root
    with pytest.raises(InvalidInput, match="in which no file can be written"):
        write_text(tmp_path / "x.txt", "text")


def test_the_mode_is_kept_or_that_of_any_new_file(tmp_path):
    kept, plain, new = (tmp_path / name for name in ("kept", "plain", "new"))
    plain.touch()
    write_text(new, "text")
    assert new.stat().st_mode == plain.stat().st_mode
    for mode in (0o600, 0o640, 0o666, 0o755):
        kept.touch()
        kept.chmod(mode)
        write_text(kept, "text")
        assert stat.S_IMODE(kept.stat().st_mode) == mode


def test_nobody_else_can_read_what_is_about_to_replace_a_private_file(tmp_path, monkeypatch):
    private, seen = tmp_path / "private", []
    private.touch(0o600)
    monkeypatch.setattr(os, "fsync", lambda file: seen.append(stat.S_IMODE(os.stat(file).st_mode)))
    write_text(private, "text")
    assert seen[0] == 0o600


def test_file_and_folder_are_on_the_disk_in_this_order(tmp_path, monkeypatch):
    """The bytes before the name, or a loss of power leaves an empty file."""
    done, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda file: done.append(stat.S_ISDIR(os.stat(file).st_mode)))
    monkeypatch.setattr(os, "replace", lambda *names: done.append(replace(*names)))
    write_text(tmp_path / "x.txt", "text")
    assert done == [False, None, True]


def test_old_temporaries_of_ours_are_cleared_and_no_other_file(tmp_path):
    old, fresh = (tmp_path / f".mathrl-{'0123456789abcde'}{last}.tmp" for last in "01")
    others = [tmp_path / name for name in (".mathrl-notes.tmp", ".0123456789abcdef.tmp", "mathrl.tmp")]
    for file in (old, fresh, *others):
        file.touch()
        if file != fresh:
            os.utime(file, (0, 0))
    write_text(tmp_path / "x.txt", "text")
    assert sorted(tmp_path.iterdir()) == sorted([fresh, *others, tmp_path / "x.txt"])


def test_of_a_folder_with_one_writer_leftovers_are_removed_at_once_and_no_other_file(tmp_path):
    names = (".mathrl-0123456789abcdef.tmp", ".mathrl-notes.tmp", "mathrl.tmp")
    for name in names:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])


def test_a_link_is_written_through_and_a_pipe_is_kept(tmp_path):
    link, target, pipe = tmp_path / "link.txt", tmp_path / "target.txt", tmp_path / "pipe"
    link.symlink_to(target)
    write_text(link, "text é")
    assert target.read_bytes() == "text é".encode()
    assert link.is_symlink()
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_bytes(pipe, b"through")
    reader.join(timeout=10)
    assert received == [b"through"]
    assert pipe.is_fifo()


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs names of open files")
@pytest.mark.parametrize("kind", ["pipe", "file", "link"])
def test_standard_output_has_a_name(kind, tmp_path):
    """Also where it is a file that somebody else writes to: it is neither replaced nor emptied."""
    name, log = tmp_path / "link" if kind == "link" else "/dev/stdout", tmp_path / "log"
    (tmp_path / "link").symlink_to("/dev/stdout")
    code = f"import pathlib; from mathrl.base.files import write_text; write_text(pathlib.Path({str(name)!r}), 'text')"
    log.write_text("before ")
    if kind == "file":
        with log.open("a") as file:
            subprocess.run([sys.executable, "-c", code], stdout=file, check=True, timeout=60)
        assert log.read_text() == "before text"
    else:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
        assert done.stdout == b"text"
