"""The operator's commands: `python -m blog.admin merge OLD NEW`, `migrate`, `restore COPY`.

They read the variables of the functions (TABLE_NAME, MEDIA_BUCKET, AUTHOR_ID_KEY), and `migrate`
also STORED_TEXT: it rewrites the texts in this form. The AWS credentials need the permissions of
JobsFunction, Scan for `migrate` and `restore`, and for `restore` all of these on the copy too.
Without --apply, a command only reports what it would do.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from botocore.config import Config

from blog.accounts.merge import AccountMerge, CannotMerge
from blog.admin.migrate_images import migrate_images, original_images
from blog.admin.migrate_posts import migrate_all, outdated
from blog.admin.restore import Restoring, WrongKey
from blog.dynamodb.client import CLIENT_CONFIG, connect
from blog.dynamodb.resumable import OutOfTime
from blog.dynamodb.table import Table
from blog.errors import Problem
from blog.identifiers import author_id
from blog.people.person import Person
from blog.posts.model import SCHEMA
from blog.s3 import Bucket
from blog.settings import AdminSettings

# No request waits for these calls.
LONG_WAITING = Config(read_timeout=30, retries={"mode": "standard", "total_max_attempts": 10})
DRY_RUN = "Nothing has changed. To merge the accounts, run the same command with --apply."
DONE = "Done. {old} can no longer write, and its address leads to {new}."
RESTORE_PLAN = """Since the copy, {lost} items were deleted, {changed} changed and {new} created.
These newer decisions stay: {hidden} posts hidden or made public, {banned} users banned or allowed,
{cleared} profiles cleared or allowed again, {merged} accounts merged, {erased} accounts erased.
With --apply, the copy is put back. Nobody may write meanwhile (docs/runbook.md)."""
AGAIN = "It ended early ({why}). To continue, run the same again."


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Run a command. Return the exit code: 0, 1 if it cannot be done, 2 for wrong input."""
    options = _parser().parse_args(arguments)
    try:
        settings = AdminSettings.from_environment(environment)
    except ValueError as e:
        print(e, file=sys.stderr)
        return 2
    try:
        return _COMMANDS[options.command](options, settings)
    except WrongKey:
        print("AUTHOR_ID_KEY is not the key of this table's author ids.", file=sys.stderr)
        return 2
    except CannotMerge as e:
        print(f"This cannot be done. {e}", file=sys.stderr)
    except Problem as e:
        print(AGAIN.format(why=e.detail), file=sys.stderr)
    except OutOfTime:
        print(AGAIN.format(why="other writes were faster"), file=sys.stderr)
    return 1


def _merge(options: argparse.Namespace, settings: AdminSettings) -> int:
    old, new = (
        Person(sub, author_id(sub, settings.author_id_key)) for sub in (options.old, options.new)
    )
    table, bucket = Table.connect(settings.table_name), Bucket(settings.media_bucket)
    merge = AccountMerge(table, bucket, old, new)
    plan = merge.plan()
    print(f"From {old.author_id} to {new.author_id}:")
    for name, value in plan._asdict().items():
        print(f"  {name.replace('_', ' '):17} {value}")
    if not options.apply:
        print(DRY_RUN)
        return 0
    merge.apply()
    print(DONE.format(old=old.author_id, new=new.author_id))
    return 0


def _migrate(options: argparse.Namespace, settings: AdminSettings) -> int:
    table = Table.connect(settings.table_name)
    bucket = Bucket(settings.media_bucket)
    form = settings.text_form
    what = f"schema {SCHEMA}" + (f" with {form} texts" if form else "")
    if options.apply:
        print(f"{migrate_all(table, form)} posts are of {what} now.")
        images = migrate_images(table, bucket)
        if any(images):
            print(f"{images.rewritten} images are rewritten, and {images.refused} are refused.")
        if images.waiting:
            print(f"{images.waiting} images are not done yet. To continue, run the same again.")
        if images.missing:
            print(f"{images.missing} images have no file in the bucket. They stay as they are.")
    else:
        count = sum(1 for _ in outdated(table, form))
        print(f"{count} posts are not of {what}. To migrate them, add --apply.")
        originals = sum(1 for _ in original_images(table))
        if originals:
            print(f"{originals} images are stored as uploaded. With --apply, they are rewritten.")
    return 0


def _restore(options: argparse.Namespace, settings: AdminSettings) -> int:
    if options.copy == settings.table_name:
        print("The copy is the table itself.", file=sys.stderr)
        return 2
    client = connect(CLIENT_CONFIG.merge(LONG_WAITING))
    table, copy = Table(client, settings.table_name), Table(client, options.copy)
    restoring = Restoring(table, copy, Bucket(settings.media_bucket), settings.author_id_key)
    if options.apply:
        restoring.apply()
        print("Done. The table has the content of the copy, with the newer decisions.")
    else:
        print(RESTORE_PLAN.format(**restoring.plan()._asdict()))
    return 0


_COMMANDS = {"merge": _merge, "migrate": _migrate, "restore": _restore}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m blog.admin")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    merge = commands.add_parser(
        "merge", help="transfer the content of one account to another, after Auth0 has linked them"
    )
    merge.add_argument("old", metavar="OLD", help="the sub that is no longer used")
    merge.add_argument("new", metavar="NEW", help="the sub of the primary account")
    merge.add_argument("--apply", action="store_true", help="do it; without it, only report")
    migrate = commands.add_parser(
        "migrate", help="bring stored posts to the current schema, and rewrite stored images"
    )
    migrate.add_argument("--apply", action="store_true", help="do it; without it, only count")
    restore = commands.add_parser("restore", help="give a table the content of its copy")
    restore.add_argument(
        "copy", metavar="COPY", help="the table that a point-in-time recovery has made"
    )
    restore.add_argument("--apply", action="store_true", help="do it; without it, only compare")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
