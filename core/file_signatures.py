"""What the first bytes of a file say it is; every reader decides by itself what it takes and what it refuses."""

from core.i18n import N_

ZIP, ZIP_EMPTY, GZIP = b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # OLE2: .xls, .doc, .ppt
NOT_TEXT = {
    b"%PDF-": N_("PDF document"),
    b"{\\rtf": N_("RTF document"),
    b"\x89PNG\r\n\x1a\n": N_("PNG picture"),
    b"\xff\xd8\xff": N_("JPEG picture"),
    ZIP: N_("ZIP archive or office document"),
    OLD_OFFICE: N_("office document"),
    GZIP + b"\x08": N_("gzip archive"),
    b"7z\xbc\xaf\x27\x1c": N_("7-Zip archive"),
    b"Rar!\x1a\x07": N_("RAR archive"),
    b"\x93NUMPY": N_("NumPy array"),
    b"\x89HDF": N_("HDF5 file"),
}


def kind_of(data: bytes) -> str | None:
    """What a file that is no plain text is, as a message still to be translated; None where its first bytes are of none
    of these kinds."""
    return next((kind for signature, kind in NOT_TEXT.items() if data.startswith(signature)), None)


def is_zip(data: bytes) -> bool:
    """Whether the bytes begin as a zip does, also as one without a file."""
    return data.startswith((ZIP, ZIP_EMPTY))


def is_gzip(data: bytes) -> bool:
    return data.startswith(GZIP)
