"""Box counting: dimension of a set of pixels, and of a graph."""

import networkx as nx
import numpy as np

from repdyn.errors import StudyError


def pixel_dimension(filled: np.ndarray, sizes: np.ndarray) -> float:
    """Box-counting dimension of a boolean picture (h, w): slope of log count on -log size.

    sizes: of boxes in pixels, at least three that divide both sides. Raises StudyError for others, and for no pixel.
    """
    filled = np.asarray(filled, dtype=bool)
    if filled.ndim != 2 or not filled.any():
        raise StudyError("a box count needs a picture with at least one pixel in the set")
    if len(sizes) < 3 or any(size < 1 or side % size for size in sizes for side in filled.shape):
        raise StudyError(f"a box count needs at least three sizes that divide {filled.shape[0]} and {filled.shape[1]}")
    counts = []
    for size in sizes:
        h, w = (side // size for side in filled.shape)
        counts.append(filled.reshape(h, size, w, size).any(axis=(1, 3)).sum())
    return float(-np.polyfit(np.log(sizes), np.log(counts), 1)[0])


def boxes_of_graph(graph: nx.Graph, diameter: int) -> int:
    """Boxes that cover a connected graph, any two nodes of a box less than `diameter` apart: an upper bound.

    Greedy colouring, largest degree first, of the graph that joins nodes `diameter` or more apart: Song, Gallos, Havlin &
    Makse 2007, J. Stat. Mech. P03006.
    """
    far = nx.Graph()
    far.add_nodes_from(graph)
    for node, lengths in nx.all_pairs_shortest_path_length(graph):
        far.add_edges_from((node, other) for other, length in lengths.items() if length >= diameter)
    colours = nx.greedy_color(far, strategy="largest_first")
    return 1 + max(colours.values())


def graph_dimension(graph: nx.Graph, diameters: np.ndarray) -> float:
    """Dimension of a connected graph: slope of log boxes on -log diameter. StudyError for a graph that is not connected, or
    whose boxes do not grow fewer."""
    if not graph or not nx.is_connected(graph):
        raise StudyError("the dimension of a graph needs one that is connected")
    counts = np.array([boxes_of_graph(graph, int(each)) for each in diameters])
    if len(counts) < 3 or counts[0] == counts[-1]:
        raise StudyError("the dimension of a graph needs at least three diameters over which its boxes grow fewer")
    return float(-np.polyfit(np.log(diameters), np.log(counts), 1)[0])
