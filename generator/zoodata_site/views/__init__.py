"""What each page shows, as plain data: the templates only lay it out.

Every measured or claimed number comes as a figure with the address of what it rests on, so that a template
cannot show one without its link.
"""

from zoodata_site.views.entries import describe
from zoodata_site.views.site import Site, make

__all__ = ["Site", "describe", "make"]
