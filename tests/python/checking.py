"""What the checkers of images share: a sentence for what is wrong, and a run over the images that are named."""

import pathlib
import sys


class Wrong(Exception):
    """What is wrong, as a sentence."""


def require(condition, sentence):
    if not condition:
        raise Wrong(sentence)


def check_all(check, is_image, pattern, kind):
    """Checks the images among the arguments and those in folders among them; ends with 1 if one is wrong."""
    paths = [pathlib.Path(argument) for argument in sys.argv[1:]]
    images = [image for p in paths for image in ([p] if is_image(p) else sorted(p.glob(pattern)))]
    if not images:
        sys.exit(f"no {kind} image is named")
    wrong = 0
    for image in images:
        try:
            check(image)
        except Exception as error:  # whatever a library throws is a finding
            print(f"{image.name}: {type(error).__name__}: {error}")
            wrong += 1
    sys.exit(1 if wrong else 0)
