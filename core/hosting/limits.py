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
    class_seconds: int = 7 * 86_400


LIMITS = Limits()
