"""Install what Hidden State needs, at the versions in constraints.txt, into the Python that runs this.

    python .ci/install.py              what the app needs
    python .ci/install.py dev          also what its tests and checks need; the names are the extras in pyproject.toml
    python .ci/install.py --newest dev the newest releases that pyproject.toml allows, whatever constraints.txt says

The project itself is not installed: it runs from its folder, and `pip install .` is not supported. That is why the
lists of pyproject.toml are handed to pip here.
"""

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run pip; return its exit code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    parser = argparse.ArgumentParser(description="Install the dependencies and the named extras.")
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help=", ".join(extras))
    parser.add_argument("--newest", action="store_true", help="ignore constraints.txt and upgrade")
    given = parser.parse_args()
    if unknown := set(given.extras) - set(extras):
        parser.error(f"there is no extra {sorted(unknown)[0]!r}: choose from {', '.join(extras)}")
    wanted = project["dependencies"] + [line for name in given.extras for line in extras[name]]
    versions = ["--upgrade"] if given.newest else ["--constraint", str(ROOT / "constraints.txt")]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return subprocess.run([*pip, *versions, *wanted]).returncode


if __name__ == "__main__":
    sys.exit(main())
