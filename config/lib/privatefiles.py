"""Files that only staff may see: kept beside the public media directory, and without an address."""

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.utils.functional import cached_property


class PrivateFiles(FileSystemStorage):
    """Keeps files below PRIVATE_ROOT, readable by this user alone; a view hands them out."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    @cached_property
    def base_location(self) -> str:
        return str(settings.PRIVATE_ROOT)

    def url(self, name: str | None) -> str:
        raise ValueError(f"{name} is private: it has no address")


def private_files() -> PrivateFiles:
    return PrivateFiles()
