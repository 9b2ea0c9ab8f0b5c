"""``python -m ctl`` is ``ctl``."""

from ctl.main import main

raise SystemExit(main())
