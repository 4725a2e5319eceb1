"""Pictures by gnuplot, out of plain numbers."""

import subprocess

STYLE = """set terminal pngcairo size 1000,460 font 'DejaVu Sans,10'
set key outside top right horizontal Left reverse samplen 1.5 noenhanced
set bmargin 4
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror
set xtics noenhanced
set title noenhanced
set xlabel noenhanced
set ylabel noenhanced
"""
# The same in every picture.
COLOURS = {"ringway": "#1f5fbf", "nginx": "#3a9a4b", "HAProxy": "#e08020", "bare relay": "#999999", "direct, no proxy": "#333333"}
OTHERS = ("#1f5fbf", "#e08020", "#3a9a4b", "#8a4fbf")


def draw(path, script):
    subprocess.run(["gnuplot"], input=f"{STYLE}set output '{path}'\n{script}", text=True, check=True)


def colour(number, name):
    return COLOURS.get(name) or OTHERS[number % len(OTHERS)]


def block(name, lines):
    """Lines as a gnuplot data block."""
    return f"${name} << END\n" + "\n".join(lines) + "\nEND\n"


def value_text(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def bars(path, title, axes, names, groups):
    """`groups`: label → values in the order of `names`; None leaves a gap. Each bar says its value."""
    rows = []
    for label, values in groups.items():
        cells = [f'{value:.6g} "{value_text(value)}"' if value is not None else '? ""' for value in values]
        rows.append(f'"{label}" ' + " ".join(cells))
    script = block("bars", rows) + "set datafile missing '?'\nset style data histogram\nset style histogram clustered gap 1\n"
    script += f"set style fill solid 0.85\nset yrange [0:*]\nset xrange [-0.6:{len(groups) - 0.4}]\nset offsets 0, 0, graph 0.08, 0\n"
    script += f"set title '{title}'\nset xlabel '{axes[0]}'\nset ylabel '{axes[1]}'\n"
    plots = []
    for number, name in enumerate(names):
        title_text = f"title '{name}'" if len(names) > 1 else "notitle"
        plots.append(f"$bars using {2 + 2 * number}:xtic(1) lc rgb '{colour(number, name)}' {title_text}")
    for number in range(len(names)):
        # Where the histogram puts the middle of this bar.
        place = f"($0 + {(number - (len(names) - 1) / 2) / (len(names) + 1):.4f})"
        plots.append(f"$bars using {place}:{2 + 2 * number}:{3 + 2 * number} with labels font ',8' offset 0,0.5 notitle")
    draw(path, script + "plot " + ", ".join(plots) + "\n")


def lines(path, title, axes, series, more="", style="linespoints pt 7 ps 0.7 lw 2", values=False):
    """`series`: name → [(x, y)]; `axes`: labels of x and y; `values`: each point says its own."""
    script = ""
    for number, points in enumerate(series.values()):
        script += block(f"s{number}", [f'{x} {y} "{value_text(y)}"' for x, y in points])
    script += f"set title '{title}'\nset xlabel '{axes[0]}'\nset ylabel '{axes[1]}'\n{more}"
    plots = [
        f"$s{number} with {style} lc rgb '{colour(number, name)}' " + (f"title '{name}'" if len(series) > 1 else "notitle")
        for number, name in enumerate(series)
    ]
    if values:
        plots += [f"$s{number} using 1:2:3 with labels font ',8' offset 0,0.7 notitle" for number in range(len(series))]
    draw(path, script + "plot " + ", ".join(plots) + "\n")
