# Makes the wall's fonts from Debian's fonts-inter: only the scripts the wall shows, and figures of one width in place
# of the proportional ones, because Slint cannot ask a font for its `tnum` feature.
import sys
from fontTools.ttLib import TTFont
from fontTools import subset
src="/usr/share/fonts/opentype/inter/"
out=sys.argv[1]
ranges=[(0x20,0x17f),(0x180,0x24f),(0x2b0,0x36f),(0x370,0x3ff),(0x400,0x52f),(0x1e00,0x1eff),(0x2010,0x206f),(0x2070,0x209f),(0x20a0,0x20bf),(0x2100,0x214f),(0x2190,0x21ff),(0x2200,0x22ff),(0x25a0,0x25ff),(0x2600,0x27bf)]
us=[c for a,b in ranges for c in range(a,b+1)]
def figures(f):
    """Big counts that do not tick look better with the figures' own widths: a family of their own, ASCII only."""
    o=subset.Options();o.layout_features=["kern"];o.hinting=False;o.name_IDs=["*"];o.notdef_outline=True
    s=subset.Subsetter(o);s.populate(unicodes=list(range(0x20,0x7f))+[0x2013,0x2009,0xa0]);s.subset(f)
    rename(f,"Inter Wall Figures")
    f.save(f"{out}/InterWallFigures-Bold.otf")

def rename(f,family):
    for r in f["name"].names:
        v=r.toUnicode()
        if r.nameID in (1,3,4,6,16,21): r.string=v.replace("Inter",family if r.nameID!=6 else family.replace(" ",""),1)

for w in ["Regular","SemiBold","Bold"]:
    f=TTFont(src+f"Inter-{w}.otf")
    tn={}
    gsub=f["GSUB"].table
    for rec in gsub.FeatureList.FeatureRecord:
        if rec.FeatureTag=="tnum":
            for li in rec.Feature.LookupListIndex:
                for st in gsub.LookupList.Lookup[li].SubTable:
                    st=getattr(st,"ExtSubTable",st)
                    tn.update(getattr(st,"mapping",{}))
    n=0
    for t in f["cmap"].tables:
        for c in list(t.cmap):
            if (0x30<=c<=0x39) and t.cmap[c] in tn:
                t.cmap[c]=tn[t.cmap[c]];n+=1
    if w=="Bold":
        figures(TTFont(src+"Inter-Bold.otf"))
    o=subset.Options();o.layout_features=["kern","ccmp","locl","mark","mkmk"];o.hinting=False;o.name_IDs=["*"];o.notdef_outline=True;o.desubroutinize=False
    s=subset.Subsetter(o);s.populate(unicodes=us);s.subset(f)
    rename(f,"Inter Wall")
    f.save(f"{out}/InterWall-{w}.otf")
