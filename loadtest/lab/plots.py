"""Pictures by gnuplot, out of plain numbers."""

import subprocess

STYLE = "set terminal pngcairo size 1000,480 font ',10'\nset key outside\nset grid ytics\nset xtics noenhanced\n"


def draw(path, script):
    subprocess.run(["gnuplot"], input=f"{STYLE}set output '{path}'\n{script}", text=True, check=True)


def block(name, lines):
    """Lines as a gnuplot data block."""
    return f"${name} << END\n" + "\n".join(lines) + "\nEND\n"


def bars(path, title, unit, names, groups):
    """`groups`: label → values in the order of `names`; None leaves a gap."""
    lines = ["group " + " ".join(f'"{name}"' for name in names)]
    for label, values in groups.items():
        lines.append(f'"{label}" ' + " ".join("?" if value is None else f"{value:.3f}" for value in values))
    script = block("bars", lines) + "set datafile missing '?'\nset style data histogram\nset style fill solid 0.8\nset yrange [0:*]\n"
    script += f"set title '{title}'\nset ylabel '{unit}'\n"
    draw(path, script + f"plot for [i=2:{len(names) + 1}] $bars using i:xtic(1) title columnheader(i) noenhanced\n")


def lines(path, title, axes, series, more=""):
    """`series`: name → [(x, y)]; `axes`: labels of x and y."""
    script = "".join(block(f"s{number}", [f"{x} {y}" for x, y in points]) for number, points in enumerate(series.values()))
    script += f"set title '{title}'\nset xlabel '{axes[0]}'\nset ylabel '{axes[1]}'\n{more}"
    plots = ", ".join(f"$s{number} with linespoints pt 7 ps 0.4 lw 2 title '{name}' noenhanced" for number, name in enumerate(series))
    draw(path, script + f"plot {plots}\n")
