"""One's own image files: one of them, or a folder or zip of them, sorted into classes."""

import contextlib
import io
import random
import re
import unicodedata
import warnings
import zipfile
from pathlib import Path, PurePath

from helpers.datasets.arrays import IMAGE_SIZE, MAX_BYTES, Contents, DatasetError, Place, checked, refusal
from helpers.errors import one_line

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# Only these kinds of files are opened: Pillow hands some of the others to outside programs.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP")
MAX_PIXELS = 89_000_000  # just below the number from which Pillow warns of decompression bombs
ACCEPTED = "are JPEG, PNG, GIF, BMP, TIFF and WebP files of any size up to 89 megapixels"
# The endings of images, and of those that can't be read: they are refused, everything else is left out.
ENDINGS = r"\.(jpe?g|jpe|jfif|a?png|gif|bmp|dib|tiff?|webp|hei[cf]|avif|jp2|svg|psd|tga|dng|cr[23]|nef|arw)"
# How names begin that systems and file managers leave behind
LEFTOVERS = (".", "__macosx", "thumbs.db", "ehthumbs", "desktop.ini", "icon\r", "system volume information")
PARTS = ("train", "training"), ("test", "testing"), ("val", "valid", "validation")
LAYOUT = "are folders train/<class>/ and test/<class>/, or <class>/ alone, two or more, with their images"


def open_image(path: str | Place, least: int | None = None) -> Image.Image:
    """Open an image file as the networks and you are to see it: RGB, 8 bits a channel, of its own size.

    It is turned upright as its EXIF data say, and laid on white where it is transparent. With `least`, a
    large JPEG comes smaller, and quickly, with no side below `least` pixels. Raises DatasetError if the
    file is missing, broken, no image, larger than 89 megapixels, or has pixels of 32 bits.
    """
    try:
        path = path if isinstance(path, zipfile.Path) else Path(path).expanduser()
        if path.exists() and not path.is_file():  # a pipe may never end
            raise ValueError("it is no file")
        with path.open("rb") as file:
            content = io.BytesIO(file.read(MAX_BYTES))
        # Pillow notes some faults of files that it reads all the same.
        with warnings.catch_warnings(action="ignore"), Image.open(content, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("it is too large")
            if least:
                image.draft(None, (least, least))
            return _to_rgb(ImageOps.exif_transpose(image))
    except Exception as error:  # a broken file can raise nearly any
        unknown = isinstance(error, UnidentifiedImageError) and "it is no image of a known kind"
        reason = unknown or getattr(error, "strerror", None) or error
        raise refusal(f"{path} cannot be read ({one_line(reason)})", ACCEPTED) from error


def read_image(path: str | Place) -> np.ndarray:
    """Return what `open_image` opens as uint8 (32, 32, 3), values 0 to 255: the square in its middle, scaled.

    An image of 32 by 32 pixels in RGB stays as it is. Raises DatasetError as `open_image` does.
    """
    image = open_image(path, least=2 * IMAGE_SIZE)
    return np.array(ImageOps.fit(image, (IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS))


def read_folder(folder: Place) -> tuple[Contents, list[str]]:
    """Return the images of the classes, and what was assumed, in sentences; raises DatasetError or OSError.

    Without folders for training and test, a fifth of each class becomes the test set.
    """
    folders, files = listed(folder)
    train, test, other = ([place for place in folders if place.name.lower() in names] for names in PARTS)
    left_out, notes = [], []
    if train or test:
        test = test or other
        if len(train) != 1 or len(test) != 1:
            names = ", ".join(place.name for place in folders)
            raise refusal(f"{folder} has {len(train)} training and {len(test)} test folders: {names}", LAYOUT)
        left_out += [place for place in folders + files if place not in train + test]
        train_files, test_files = (_class_files(part, left_out) for part in train + test)
        if unknown := ", ".join(sorted(test_files.keys() - train_files.keys())):
            raise refusal(f"{test[0]} has {unknown}, but {train[0]} has not", LAYOUT)
        if (train[0].name, test[0].name) != ("train", "test"):
            notes.append(f"The training set is {train[0].name}, the test set is {test[0].name}.")
    else:
        train_files, test_files = _class_files(folder, left_out, least=2), {}
        for name, images in train_files.items():
            random.Random(0).shuffle(images)
            test_files[name] = [images.pop() for _ in range(max(1, len(images) // 5))]
        n = sum(map(len, test_files.values()))
        notes.append(f"There is no test folder: a fifth of each class, {n} images, became the test set.")
    if left_out:
        names = ", ".join(place.name for place in left_out[:3]) + ", …" * (len(left_out) > 3)
        notes.append(f"Left out as no images or in no class: {len(left_out)} ({names}).")
    sets = [_read_files(list(train_files), part) for part in (train_files, test_files)]
    return checked(folder, list(train_files), *sets[0], *sets[1]), notes


def listed(folder: Place) -> tuple[list[Place], list[Place]]:
    """Return the folders and the files in a folder, by name, without what file managers leave behind."""
    inside = [place for place in folder.iterdir() if not place.name.lower().startswith(LEFTOVERS)]
    found = [], []
    for place in sorted(inside, key=lambda place: place.name):
        found[not place.is_dir()].append(place)
    return found


def _class_files(part: Place, left_out: list[Place], least: int = 1) -> dict[str, list[Place]]:
    """Return the image files of each class, by its name; adds to `left_out` what is none."""
    folders, files = listed(part)
    if len(folders) < 2:
        there = ", ".join(place.name for place in folders + files[:3]) or "nothing"
        why = f"fewer than two class folders (there is {there})"
        if not folders and any(map(_is_image, files)):
            why = "images in no class folder, as at Kaggle, where a table names classes"
        raise refusal(f"{part} has {why}", LAYOUT)
    left_out += files
    classes = {}
    for folder in folders:
        # macOS and Linux may write the same accent in two ways.
        name = one_line(unicodedata.normalize("NFC", folder.name))
        deeper, files = listed(folder)
        if deeper or name.casefold() in map(str.casefold, classes):
            fault = f"{deeper[0]} is a folder in a class" if deeper else f"{part} has two folders {name}"
            raise refusal(fault, LAYOUT)
        classes[name] = []
        for file in files:
            (classes[name] if _is_image(file) else left_out).append(file)
        if len(classes[name]) < least:
            fault = f"{folder} has {'one image only' if classes[name] else 'no images'}"
            raise refusal(fault, f"are {least} or more, {ACCEPTED.removeprefix('are ')}")
    return dict(sorted(classes.items()))


def _is_image(file: Place) -> bool:
    """By its ending; a file without one by what is in it."""
    if ending := PurePath(file.name.strip()).suffix.lower():
        return re.fullmatch(ENDINGS, ending) is not None
    with contextlib.suppress(DatasetError):
        return bool(open_image(file))
    return False


def _read_files(names: list[str], files: dict[str, list[Place]]) -> tuple[np.ndarray, np.ndarray]:
    """Return all images and labels in an order that is always the same, but not class by class."""
    pairs = [(path, label) for label, name in enumerate(names) for path in files.get(name, ())]
    np.random.default_rng(0).shuffle(pairs)
    return np.stack([read_image(path) for path, _ in pairs]), np.array([label for _, label in pairs])


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F"):  # nobody knows which number is white
        raise ValueError("its pixels are fractions or numbers of 32 bits: save it with 8 or 16 bits")
    if image.mode.startswith("I;16"):  # of gray, which Pillow would clip instead of scaling
        gray, clear = np.asarray(image), image.info.get("transparency", -1)
        image = Image.fromarray(np.where(gray == clear, 255, gray // 256).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
