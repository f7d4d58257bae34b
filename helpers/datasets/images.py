"""One's own image files: one of them, or a folder with train/<class>/ and test/<class>/."""

import warnings
from pathlib import Path

from helpers.datasets.arrays import IMAGE_SIZE, Contents, checked, refusal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# Only these kinds of files are opened: Pillow hands some of the others to outside programs.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP")
MAX_PIXELS = 89_000_000  # just below the number from which Pillow warns of decompression bombs
ACCEPTED = "are JPEG, PNG, GIF, BMP, TIFF and WebP files of any size up to 89 megapixels"
LEFTOVERS = (".", "__macosx", "thumbs.db", "desktop.ini")  # how names begin that file managers leave behind


def read_image(path: str | Path) -> np.ndarray:
    """Read an image of any size and color mode as uint8 (32, 32, 3), values 0 to 255.

    It is turned upright as its EXIF data say, laid on white where it is transparent, cut to the largest
    square in its middle and scaled. An image of 32 by 32 pixels in RGB stays as it is. Raises DatasetError
    if the file is missing, broken, no image, or larger than 89 megapixels.
    """
    try:
        path = Path(path).expanduser()
        # Pillow notes some faults of files that it reads all the same.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("it is too large")
            image.draft(None, (2 * IMAGE_SIZE, 2 * IMAGE_SIZE))  # large JPEGs come smaller, and quickly
            image = _to_rgb(ImageOps.exif_transpose(image))
            return np.array(ImageOps.fit(image, (IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS))
    except Exception as error:  # a broken file can raise nearly any
        unknown = isinstance(error, UnidentifiedImageError) and "it is no image of a known kind"
        reason = unknown or getattr(error, "strerror", None) or error
        raise refusal(f"{path} cannot be read ({reason})", ACCEPTED) from error


def read_folder(path: Path) -> Contents:
    """Return the images of each class in train/<class>/ and test/<class>/; raises DatasetError or OSError."""
    train, test = _class_files(path / "train"), _class_files(path / "test")
    if train.keys() != test.keys():
        fault = f"{path} has {', '.join(sorted(train.keys() ^ test.keys()))} in only one of train and test"
        raise refusal(fault, "are the same class folders in both")
    if len(train) < 2:
        raise refusal(f"{path / 'train'} has fewer than two class folders", "are two or more")
    return checked(path, list(train), *_read_files(train), *_read_files(test))


def _class_files(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each class, by name."""
    if not folder.is_dir():
        raise refusal(f"There is no folder {folder}", "is a folder with train/<class>/ and test/<class>/")
    files = {place.name: _listed(place) for place in _listed(folder) if place.is_dir()}
    for name in files:
        if not files[name]:
            raise refusal(f"{folder / name} has no images", ACCEPTED)
    return files


def _listed(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.lower().startswith(LEFTOVERS))


def _read_files(files: dict[str, list[Path]]) -> tuple[np.ndarray, np.ndarray]:
    """Return all images and labels in an order that is always the same, but not class by class."""
    pairs = [(path, label) for label, paths in enumerate(files.values()) for path in paths]
    np.random.default_rng(0).shuffle(pairs)
    return np.stack([read_image(path) for path, _ in pairs]), np.array([label for _, label in pairs])


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("its pixels are fractions")
    if image.mode.startswith("I"):  # 16 bits of gray, which Pillow would clip instead of scaling
        image = Image.fromarray((np.asarray(image) // 256).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
