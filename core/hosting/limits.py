"""Limits for the visitors of a hosted demo; with them a server and one training process stay under 2 GB together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes, seconds and counts. The largest run that fits them takes about 300 MB on the disk."""

    data_bytes: int = 5_000_000
    parameters: int = 4_000_000
    memory_mb: int = 900  # of the training process, as estimated before it starts
    seconds: int = 300  # the longest budget in seconds
    turn_seconds: int = 360  # after which any run is asked to stop, whatever its budget, to free the slot
    grace_seconds: int = 60  # after which its process is ended
    visitor_bytes: int = 400_000_000
    all_bytes: int = 4_000_000_000
    active: int = 3  # runs of one visitor that wait or train
    queued_visitors: int = 30  # visitors who wait
    kept_seconds: int = 86_400
    classes: int = 500
    # Reading what a visitor brought, in a process of its own (core/hosting/reader.py)
    readers: int = 2  # such processes
    reading_mb: int = 300  # that one file may take beyond an idle one
    reading_seconds: int = 5  # of processor time
    reading_deadline: int = 15  # seconds, however busy the machine is
    reading_result_bytes: int = 40_000_000  # of what was read, which the server then holds
    reading_queue: int = 16  # files that wait to be read
    reading_wait: int = 30  # seconds that one of them waits
    class_seconds: int = 7 * 86_400


LIMITS = Limits()
