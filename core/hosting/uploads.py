"""What the visitors of a hosted demo hold in the server's memory by sending it: files, and the texts in messages.

A file is counted before its first byte is read, from the length that its request declares and the server enforces.
"""

import threading
from collections import OrderedDict

from core.errors import UserError
from core.hosting import refusals
from core.hosting.limits import LIMITS, Limits
from core.i18n import _

COPIES = 3  # of a message's texts: as it came, as parsed, as the value of a widget


class UploadLedger:
    """Bytes by session and file. Thread-safe."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._files: dict[str, OrderedDict[str, int]] = {}  # session → file id → bytes; 0 until it is sent
        self._messages: dict[int, int] = {}
        self.total = 0

    def issue(self, session: str, file_ids: list[str]) -> None:
        """Allow the session to send files under these ids; of too many that were never used the oldest go."""
        with self._lock:
            files = self._files.setdefault(session, OrderedDict[str, int]())
            files.update((file_id, 0) for file_id in file_ids)
            unused = [file_id for file_id, size in files.items() if not size]
            for file_id in unused[: max(0, len(unused) - self._limits.session_uploads)]:
                del files[file_id]

    def reserve(self, session: str, file_id: str, size: int) -> None:
        """Count a file of `size` bytes that is about to be sent.

        Raises UserError where its id was not issued to the session or was used, or a limit would be exceeded.
        """
        limits = self._limits
        with self._lock:
            files = self._files.get(session, OrderedDict[str, int]())
            if files.get(file_id) != 0:
                sentence = _("This file was not asked for: choose it again on the page.")
            else:
                size = max(size, 1)
                count = sum(map(bool, files.values()))
                if sum(files.values()) + size > limits.session_upload_bytes or count >= limits.session_uploads:
                    sentence = _(
                        "This hosted demo keeps {limit:.0f} MB and {count:,} files of a visitor at once: take some "
                        "away."
                    ).format(limit=limits.session_upload_bytes / 1e6, count=limits.session_uploads)
                elif self.total + size > limits.all_upload_bytes:
                    sentence = _("This hosted demo holds too many files just now: try again in a few minutes.")
                else:
                    files[file_id] = size
                    self.total += size
                    return
        refusals.count("upload")
        raise UserError(sentence)

    def holds(self, session: str, file_id: str, size: int) -> bool:
        """Return whether that many bytes were reserved for the file."""
        with self._lock:
            return 0 < self._files.get(session, OrderedDict[str, int]()).get(file_id, 0) >= size

    def release(self, session: str, file_id: str) -> None:
        """Forget the file; its id can be used again, as after a refused or broken transfer."""
        with self._lock:
            files = self._files.get(session, OrderedDict[str, int]())
            self.total -= files.get(file_id, 0)
            if file_id in files:
                files[file_id] = 0

    def leave(self, session: str) -> None:
        """Forget a session and its files."""
        with self._lock:
            self.total -= sum(self._files.pop(session, OrderedDict[str, int]()).values())

    def sessions(self) -> list[str]:
        with self._lock:
            return list(self._files)

    def message(self, connection: int, size: int) -> bool:
        """Count a connection's largest message, whose texts its session keeps; return False where all are too much."""
        with self._lock:
            more = max(0, COPIES * size - self._messages.get(connection, 0))
            fits = self.total + more <= self._limits.all_upload_bytes
            if fits:
                self._messages[connection] = self._messages.get(connection, 0) + more
                self.total += more
        if not fits:
            refusals.count("message")
        return fits

    def disconnect(self, connection: int) -> None:
        with self._lock:
            self.total -= self._messages.pop(connection, 0)
