"""Limits for the visitors of a hosted demo; with them a server and one training process stay under 2 GB together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes, seconds and counts. The largest run that fits them takes about 300 MB on the disk."""

    data_bytes: int = 5_000_000
    parameters: int = 4_000_000
    memory_mb: int = 900  # of the training process, as estimated before it starts
    resident_mb: int = 1_100  # that it really holds, after which it is ended
    seconds: int = 300  # the longest budget in seconds
    turn_seconds: int = 360  # after which any run is asked to stop, whatever its budget, to free the slot
    grace_seconds: int = 60  # after which its process is ended
    visitor_bytes: int = 400_000_000
    all_bytes: int = 4_000_000_000
    niceness: int = 10  # of a training, so that pages are answered first
    active: int = 3  # runs of one visitor that wait or train
    queued_visitors: int = 30  # visitors who wait
    kept_seconds: int = 86_400
    classes: int = 500
    class_seconds: int = 7 * 86_400
    visitor_classes: int = 5
    class_idle_seconds: int = 600  # after which a class without runs gives way where there are too many
    rows: int = 20_000  # of a file that one visitor classifies at once
    computing: int = 3  # visitors who write long texts or classify files at once
    computing_wait: float = 20.0  # seconds that another one waits for a place
    short_text: int = 2_000  # characters that are written without a place
    # What visitors send, held in the server's memory (core/hosting/uploads.py)
    session_upload_bytes: int = 25_000_000  # of one session's files
    session_uploads: int = 2_000  # files of one session
    all_upload_bytes: int = 250_000_000  # of all sessions' files, and of the last message of each
    message_mb: int = 16  # of one message: 5 million characters of any script
    text_characters: int = 100_000  # of a text that a visitor types to use or look into a network
    upload_seconds: int = 120  # that sending one file may take
    left_seconds: int = 60  # after which a session that left, and may have lost its connection only, loses its files
    # Reading what a visitor brought, in a process of its own (core/hosting/reader.py)
    readers: int = 2  # such processes
    reading_mb: int = 300  # that one file may take beyond an idle one
    reading_seconds: int = 5  # of processor time
    reading_deadline: int = 15  # seconds, however busy the machine is
    reading_result_bytes: int = 40_000_000  # of what was read, which the server then holds
    baseline_symbols: int = 1_000_000  # that a page counts the baselines of a text on
    reading_queue: int = 16  # files that wait to be read
    reading_wait: int = 30  # seconds that one of them waits


LIMITS = Limits()
