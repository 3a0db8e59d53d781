import sys

from psp_keras.cli import main

sys.exit(main())
