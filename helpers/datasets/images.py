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
NOT_IMAGES = {"thumbs.db", "desktop.ini"}  # what Windows leaves in folders of images


def read_image(path: str | Path) -> np.ndarray:
    """Read an image of any size and color mode as uint8 (32, 32, 3), values 0 to 255.

    It is turned upright as its EXIF data say, laid on white where it is transparent, cut to the largest
    square in its middle and scaled. An image of 32 by 32 pixels in RGB stays as it is.

    Raises:
        DatasetError: The file is missing, broken, no image, or larger than 89 megapixels.
    """
    try:
        path = Path(path).expanduser()
        # Pillow notes some faults of files that it reads all the same.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("it is too large")
            image.draft(None, (2 * IMAGE_SIZE, 2 * IMAGE_SIZE))  # large JPEGs come smaller, and quickly
            image = _to_rgb(ImageOps.exif_transpose(image))
            if image.size != (IMAGE_SIZE, IMAGE_SIZE):
                image = ImageOps.fit(image, (IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS)
            return np.array(image)
    except Exception as error:  # a broken file can raise nearly any
        reason = getattr(error, "strerror", None) or error
        if isinstance(error, UnidentifiedImageError):
            reason = "it is no image of a known kind"
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
    """Return the files of each class, by name, without what file managers leave in folders."""
    if not folder.is_dir():
        raise refusal(f"There is no folder {folder}", "is a folder with train/<class>/ and test/<class>/")
    files = {}
    for class_folder in sorted(folder.iterdir()):
        if class_folder.is_dir() and not class_folder.name.startswith((".", "__MACOSX")):
            found = sorted(file for file in class_folder.iterdir() if not file.name.startswith("."))
            files[class_folder.name] = [file for file in found if file.name.lower() not in NOT_IMAGES]
            if not files[class_folder.name]:
                raise refusal(f"{class_folder} has no images", ACCEPTED)
    return files


def _read_files(files: dict[str, list[Path]]) -> tuple[np.ndarray, np.ndarray]:
    """Return all images and labels in an order that is always the same, but not class by class."""
    pairs = [(path, label) for label, paths in enumerate(files.values()) for path in paths]
    order = np.random.default_rng(0).permutation(len(pairs))
    x = np.stack([read_image(pairs[i][0]) for i in order])
    return x, np.array([pairs[i][1] for i in order], np.int64)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("its pixels are fractions")
    if image.mode.startswith("I"):  # 16 bits of gray, which Pillow would clip instead of scaling
        image = Image.fromarray((np.asarray(image) // 256).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "RGB" else image.convert("RGB")
