#!/usr/bin/env python
"""Runs one management command."""

import os
import signal
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"]:
        # Until its processes run, Ctrl-C ends it at once: a KeyboardInterrupt can get lost within an import. Also where a script in the
        # background started it, which makes Python ignore Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
