"""How shapes and types of the methods are checked while tests run: an int may stand for a float, as in annotations."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
