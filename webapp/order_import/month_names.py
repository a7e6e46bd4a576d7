"""The names of months in the languages that shops export, from CLDR; no name stands for two months."""

from __future__ import annotations

# English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish and Danish, without accents and points.
_NAMES = (
    "january januar janvier enero gennaio janeiro januari jan janv ene gen",
    "february februar fevrier febrero febbraio fevereiro februari feb fevr fev febr",
    "march marz maerz mars marzo marco maart marts mar mrz mrt",
    "april avril abril aprile apr avr abr",
    "may mai mayo maggio maio mei maj mag",
    "june juni juin junio giugno junho jun giu",
    "july juli juillet julio luglio julho jul juil lug",
    "august aout agosto augustus augusti aug ago agos",
    "september septembre septiembre settembre setembro sep sept set",
    "october oktober octobre octubre ottobre outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "december dezember decembre diciembre dicembre dezembro dec dez dic",
)
MONTHS = {name: month for month, names in enumerate(_NAMES, 1) for name in names.split()}
